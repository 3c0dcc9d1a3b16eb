def check(api_url: str, tag: str) -> None:
    while serving(api_url) != tag:
        time.sleep(1)
    say(f"{tag} answers at {api_url}")
