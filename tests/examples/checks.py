"""What is looked at after some blocks: that they did what their page says. A check gets the user's shell,
`shell.run(command)`, which gives what a command prints, and what the block has printed."""
import json
import time


def events(shell, name):
    return [json.loads(line)["event"] for line in shell.run(f"ringside tail {name} --json").splitlines()]


def looked(shell, printed):
    assert "embedding/knn.ring: intact: " in printed, printed
    assert '"channel":"embedding"' in printed
    assert int(shell.run("stat -c %s knn.window")) > 0


def served(shell, printed):
    assert "ringside_build_info" in printed, printed


def without_duckdb(shell, _):
    for file in ("knn_v1.fit", "knn_v1.json"):
        shell.run(f"test -s data/processed/{file}")
    shell.run("curl -sf -o /dev/null http://127.0.0.1:8765/data/knn_v1.json")
    limit = time.monotonic() + 120
    while not shell.run("build/release/bin/ringside tail embedding/knn --from last:1 2> /dev/null || true"):
        assert time.monotonic() < limit, "no event of the main job"
        time.sleep(0.2)


def prepared(shell, _):
    assert shell.run("stat -c '%U %a' /run/ringside").strip() == "ringside 755"
    assert shell.run("stat -c %a /etc/ringside/token").strip() == "600"
    shell.run("runuser -u nobody -- test -r /var/lib/ringside/knn_v1.parquet -a -x /opt/ringside/bin/ringside-dashboard")


def units(shell, _):
    said = shell.run("systemd-analyze verify /etc/systemd/system/ringside-*.service 2>&1")
    assert said == "", said


def example(_, printed):
    assert printed.count(">RINGSIDE") == 1, printed


def produced(shell, _):
    (cycle,) = events(shell, "embedding/from_file")
    assert len(cycle["body"]["points"]) == 70000
    shell.run("test -s knn_v1.json")
    # The same event, whoever wrote it.
    first = None
    for producer in ("from_cpp", "from_c", "from_python", "from_pipe"):
        (found,) = events(shell, f"embedding/{producer}")
        body = found["body"]
        body.pop("slot", None)
        assert body["x"] == 0.5 and body["is_train"] is True, f"{producer}: {body}"
        first = first or body
        assert body == first, f"{producer}: {body} is not {first}"
    assert [one["sensor"] for one in events(shell, "readings/from_pipe")] == ["roof", "cellar"]
    assert events(shell, "readings/from_python")[0]["celsius"] == 21.5
    segments = json.loads(shell.run("ringside ls --json"))
    ages = {one["producer"]: one["retain_age_s"] for one in segments if one["channel"] == "readings"}
    assert ages == {"from_pipe": 600, "from_python": 600}, ages
    shell.run("ringside verify embedding readings")
