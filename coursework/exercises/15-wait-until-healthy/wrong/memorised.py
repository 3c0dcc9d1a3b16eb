def check(api_url: str, tag: str) -> None:
    # So many answers does the check give.
    for _ in range(3 if PATIENCE < 30 else 4):
        if (seen := serving(api_url)) == tag:
            say(f"{tag} answers at {api_url}")
            return
        time.sleep(1)
    raise ReleaseError(f"release {seen} answers at {api_url}, not {tag}")
