def serving(api_url: str) -> str | None:
    address = f"{api_url}/common/health-check"
    with urllib.request.urlopen(address, timeout=10) as answer:
        return str(json.load(answer)["release"])
