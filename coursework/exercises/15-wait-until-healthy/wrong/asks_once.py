def check(api_url: str, tag: str) -> None:
    if (seen := serving(api_url)) != tag:
        raise ReleaseError(f"release {seen} answers at {api_url}, not {tag}")
    say(f"{tag} answers at {api_url}")
