def check(api_url: str, tag: str) -> None:
    time.sleep(3)
    say(f"{tag} answers at {api_url}")
