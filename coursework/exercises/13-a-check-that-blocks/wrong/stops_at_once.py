def play(name: str) -> int:
    folder = RESULTS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    outcomes = []
    for step in CHECKS[name]():
        outcomes.append(_run(step, folder))
        _write(folder, name, outcomes, time.monotonic() - began)
        if outcomes[-1]["exit_code"]:
            break
    return sum(outcome["exit_code"] != 0 for outcome in outcomes)
