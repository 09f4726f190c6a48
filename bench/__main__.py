"""``python -m bench [PART…] [--quick]``: measure, print tables, write ``bench/results/``.

Parts, all of them without a name, in this order: ``peers``, ``service``, ``questions``. A graph of a
size that is not there yet is made first; the largest takes long and much disk.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from bench import peers, questions
from bench import service as service_part
from bench.common import RESULTS, Bench, machine
from graph_service.settings import Settings

PARTS = {"peers": peers.run, "service": service_part.run, "questions": questions.run}
SIZES = (1, 10, 100, 200)
QUICK = (1, 2)


def main() -> None:
    """Run the parts."""
    # So that a run that is stopped stops its servers too, and removes their folders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small and short")
    parser.add_argument("--sizes", help="regions of each size, e.g. 1,10,100")
    default = Settings.from_environment().project / "build" / "bench"
    parser.add_argument("--data", type=Path, default=default, help="folder of generated graphs")
    options = parser.parse_args()
    for name in options.parts:
        if name not in PARTS:
            parser.error(f"no part {name!r}; there are {', '.join(PARTS)}")
    sizes = QUICK if options.quick else SIZES
    if options.sizes:
        sizes = tuple(sorted({1, *(int(part) for part in options.sizes.split(","))}))
    bench = Bench(options.quick, sizes, options.data)
    for name in options.parts or PARTS:
        PARTS[name](bench)
        RESULTS.mkdir(exist_ok=True)
        text = f"<!-- {machine()} -->\n\n" + "\n".join(bench.tables)
        (RESULTS / "report.md").write_text(text, encoding="utf-8")
    print(f"bench/results/report.md holds the tables; {machine()}")


if __name__ == "__main__":
    main()
