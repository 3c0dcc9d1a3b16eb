def check(api_url: str, tag: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (seen := serving(api_url)) is None:
        if time.monotonic() > deadline:
            said = f"release {seen} answers" if seen else "nothing answers"
            raise ReleaseError(f"{said} at {api_url}, not {tag}")
        time.sleep(1)
    say(f"{tag} answers at {api_url}")
