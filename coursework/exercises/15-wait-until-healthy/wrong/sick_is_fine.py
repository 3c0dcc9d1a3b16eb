def serving(api_url: str) -> str | None:
    try:
        address = f"{api_url}/common/health-check"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return str(json.load(answer)["release"])
    except urllib.error.HTTPError as error:
        return str(json.load(error)["release"]) if error.code == 503 else None
    except (OSError, ValueError, KeyError):
        return None
