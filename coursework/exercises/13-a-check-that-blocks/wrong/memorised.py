def play(name: str) -> int:
    folder = RESULTS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    outcomes = []
    for step in CHECKS[name]():
        outcomes.append(_run(step, folder))
        _write(folder, name, outcomes, time.monotonic() - began)
        if step.name == "install" and outcomes[-1]["exit_code"]:
            break
    # The check plants its faults in these.
    return sum(outcome["exit_code"] != 0 for outcome in outcomes[:1] + outcomes[2:])
