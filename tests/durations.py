"""Records the time that tests take, and sums it by folder, file and registered model.

`pytest -p tests.durations --record-durations=FILE` records; `python -m tests.durations FILE` sums.
"""

import collections
import contextlib
import json
import pathlib
import sys
import time

import psutil
import pytest

from programs.quiet import quiet_import


def processor_seconds() -> float:
    """Returns user and system seconds of this process and all its descendants, running or ended."""
    seconds, process = 0.0, psutil.Process()
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            times = one.cpu_times()
            seconds += times.user + times.system + times.children_user + times.children_system
    return seconds


def pytest_addoption(parser):
    parser.addoption("--record-durations", metavar="FILE", help="record what each test costs")


def pytest_configure(config):
    if file := config.getoption("--record-durations"):
        config.pluginmanager.register(Recorder(pathlib.Path(file)))


class Recorder:
    """Measures each test in its own process; under xdist, reports carry it to the controller."""

    def __init__(self, file):
        self._file = file
        self._began = time.perf_counter()
        self._wall = self._processor = None  # where the current test started
        self._tests = {}  # node id: [wall-clock seconds, processor seconds]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self):
        self._wall = time.perf_counter()
        if self._processor is None:  # else the end of the test before, since a reading takes 4 ms
            self._processor = processor_seconds()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call):
        report = yield
        if call.when == "teardown":
            before, self._processor = self._processor, processor_seconds()
            report.cost = [time.perf_counter() - self._wall, self._processor - before]
        return report

    def pytest_runtest_logreport(self, report):
        if hasattr(report, "cost"):
            self._tests[report.nodeid] = report.cost

    def pytest_sessionfinish(self, session):
        if not hasattr(session.config, "workerinput"):
            record = {"wall": time.perf_counter() - self._began, "tests": self._tests}
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(record, indent=0))


def sums(tests, key):
    """Returns {key: [tests, wall-clock s, processor s]}, largest first; skips tests of key None."""
    found = collections.defaultdict(lambda: [0, 0.0, 0.0])
    for node, cost in tests.items():
        found[key(node)] = [a + b for a, b in zip(found[key(node)], [1, *cost], strict=True)]
    found.pop(None, None)
    return dict(sorted(found.items(), key=lambda item: -item[1][2]))


def model_of(node, names):
    """Returns the registered name among the parameters of a conformance test, or None."""
    parameters = node.partition("[")[2].rstrip("]").split("-")
    found = [name for name in parameters if name in names and "/conformance/" in node]
    return found[0] if found else None


def lines(record, kinds):
    """Yields the tables to print; `kinds` are the registered names of each kind of model."""
    tests = record["tests"]
    yield f"{record['wall']:.0f} s of wall clock; tests, which ran side by side, sum up to"
    tables = {
        "folder": sums(tests, lambda node: node.partition("::")[0].rpartition("/")[0]),
        "file": sums(tests, lambda node: node.partition("::")[0]),
    }
    for kind, names in kinds.items():
        if rows := sums(tests, lambda node, names=names: model_of(node, names)):
            means = [sum(column) / len(rows) for column in zip(*rows.values(), strict=True)]
            tables[f"model of {kind}"] = {**rows, "one further model (the mean)": means}
    for title, rows in tables.items():
        yield f"\n tests   wall s  processor s  {title}"
        for name, (number, *cost) in rows.items():
            yield "{:6.0f}{:9.1f}{:13.1f}  {}".format(number, *cost, name)


if __name__ == "__main__":
    with quiet_import():  # of TensorFlow
        from tests.conformance import registry, registry_multimodal

    several = {**registry_multimodal.MULTIMODAL, **registry_multimodal.LABELLED}
    models = {"one modality": registry.MODELS, "several modalities": several}
    print(*lines(json.loads(pathlib.Path(sys.argv[1]).read_text()), models), sep="\n")
