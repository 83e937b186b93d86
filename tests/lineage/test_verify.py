"""`unlearnkit verify`: what is sound, what is not, and commands that repair it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from by_hand import ByHand
from checkout import RESULTS, Checkout

from unlearnkit.artifacts.provenance import sealed
from unlearnkit.artifacts.store import sha256_of

pytestmark = pytest.mark.workflow

Call = Callable[..., tuple[int, str]]
WEIGHTS = "original/0000-0001.safetensors"
MARGINS = "oracle/nines/0000-0001.margins.parquet"
SUMMARY = "summaries/mia/nines/scrub.parquet"


def problems(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("problem: ")]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def repair(copy: Checkout, output: str) -> None:
    """Execute the command that the last line of verify gives, with the snakemake of this environment."""
    command = output[output.rindex("Repair") :].partition(": ")[2].splitlines()[0]
    outcome = copy.run("bash", "-c", f'snakemake() {{ {sys.executable} -m snakemake "$@"; }}; {command}')
    assert outcome.status == 0, outcome.output


def test_a_finished_experiment_is_sound_down_to_the_raw_data(completed: Checkout, call: Call) -> None:
    status, output = call(completed.root, "verify")
    assert status == 0, output
    assert output.endswith("sound\n")
    assert "note: " not in output
    total = next(line.split() for line in output.splitlines() if line.startswith("  total"))
    files = [path for path in (completed.root / RESULTS).rglob("*.*") if path.suffix != ".json"]
    assert total[1] == total[3] == str(len(files))
    import sklearn.datasets

    digest = sha256_of(Path(sklearn.datasets.__file__).parent / "data/digits.csv.gz")
    for table in ("klom", "mia", "cost"):
        assert f"chain: tables/{table}.parquet: every cell comes from digits.csv.gz {digest[:12]}" in output


def test_results_that_were_moved_are_verified_where_they_are(completed: Checkout, tmp_path: Path, call: Call) -> None:
    shutil.copytree(completed.root / RESULTS, tmp_path / "elsewhere")
    status, output = call(tmp_path, "verify", "elsewhere")
    assert (status, output.splitlines()[-1]) == (0, "sound")
    assert output.startswith("elsewhere (experiment tiny)")


def test_removed_weights_are_absent_and_no_problem(finished: Checkout, call: Call) -> None:
    for path in (finished.root / RESULTS).rglob("*.safetensors"):
        if path.parent.name != "data":
            path.unlink()
    status, output = call(finished.root, "verify")
    assert status == 0
    assert next(line.split()[-1] for line in output.splitlines() if line.startswith("  total")) == "22"


DAMAGES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "flipped": (lambda r: flip(r / MARGINS), MARGINS, "is damaged or was replaced"),
    "truncated": (lambda r: (r / WEIGHTS).write_bytes((r / WEIGHTS).read_bytes()[:-9]), WEIGHTS, "is damaged"),
    "lost": (lambda r: (r / SUMMARY).unlink(), SUMMARY, "is missing"),
    "edited table": (lambda r: (r / "tables/klom.csv").write_text("better"), "tables/klom.csv", "is damaged"),
    "redrawn figure": (lambda r: flip(r / "figures/nines/mia_distributions.svg"), "mia_distributions.svg", "damaged"),
    "lost record": (lambda r: (r / f"{MARGINS}.json").unlink(), MARGINS, "has no provenance record"),
    "no JSON": (lambda r: (r / f"{MARGINS}.json").write_text('{"a"'), f"{MARGINS}.json", "cannot be read"),
    "other JSON": (lambda r: (r / f"{MARGINS}.json").write_text("[1]"), f"{MARGINS}.json", "holds no keys"),
    "bytes": (lambda r: (r / f"{MARGINS}.json").write_bytes(b"\xff\x00"), f"{MARGINS}.json", "cannot be read"),
    "poor JSON": (lambda r: (r / f"{MARGINS}.json").write_text("{}"), f"{MARGINS}.json", "lacks artifact"),
    "foreign record": (
        lambda r: (r / f"{MARGINS}.json").write_text((r / f"{SUMMARY}.json").read_text()),
        f"{MARGINS}.json",
        "is the record of results/tiny/summaries",
    ),
    "wrong hash": (
        lambda r: edit(r / f"{MARGINS}.json", '"sha256": "', '"sha256": "x'),
        f"{MARGINS}.json",
        "SHA-256",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_one_line_with_file_fact_and_command(finished: Checkout, call: Call, name: str) -> None:
    damage, file, fact = DAMAGES[name]
    damage(finished.root / RESULTS)
    status, output = call(finished.root, "verify")
    assert status == 1
    assert len(problems(output)) == 1
    (line,) = problems(output)
    assert f"{RESULTS}/" in line and file in line and fact in line
    assert "Repair: rm -f results/tiny/" in line
    assert line.endswith("--configfile tiny.yaml")
    assert ("the chain to raw data is broken at" in output) == (name != "redrawn figure")


def test_files_that_were_replaced_with_their_records_are_told(finished: Checkout, call: Call) -> None:
    other, own = finished.result("oracle/random_10"), finished.result("oracle/nines")
    shutil.copytree(other, own, dirs_exist_ok=True)
    status, output = call(finished.root, "verify")
    assert status == 1
    assert len(problems(output)) == 6
    assert all("is the record of results/tiny/oracle/random_10/" in line for line in problems(output))


def test_quick_takes_the_word_of_records_for_weights(finished: Checkout, call: Call) -> None:
    flip(finished.result(WEIGHTS))
    assert call(finished.root, "verify", "--quick")[0] == 0
    flip(finished.result(MARGINS))
    assert call(finished.root, "verify", "--quick")[0] == 1


@pytest.mark.slow
def test_one_command_repairs_all(finished: Checkout, call: Call) -> None:
    before = finished.artifacts("tables/klom.*", "tables/mia.*", "**/*.safetensors")
    for name in ("flipped", "truncated", "lost", "edited table", "redrawn figure"):
        DAMAGES[name][0](finished.root / RESULTS)
    (finished.root / RESULTS / "scores/klom/nines/scrub.parquet.json").write_text("{")
    status, output = call(finished.root, "verify")
    assert (status, len(problems(output))) == (1, 6)
    repair(finished, output)
    assert finished.artifacts("tables/klom.*", "tables/mia.*", "**/*.safetensors") == before
    status, output = call(finished.root, "verify")
    assert status == 0, output


SCORE = "scores/mia/nines/original.parquet"


def test_what_is_older_than_its_inputs_is_no_problem(by_hand: ByHand, call: Call) -> None:
    by_hand.write(SCORE, "again", ("original/0000-0001.margins.parquet",), day=3)
    status, output = call(by_hand.root, "verify")
    assert status == 0
    assert not problems(output)
    assert f"1 artifact is older than what it was made from (figures/nines/margins.svg than {SCORE} first)" in output
    assert output.endswith("to bring them up to date: snakemake --configfile FILE\nsound\n")


def test_an_input_that_an_older_one_replaced_is_a_problem(by_hand: ByHand, call: Call) -> None:
    by_hand.write(SCORE, "another", ("original/0000-0001.margins.parquet",), day=1)
    status, output = call(by_hand.root, "verify")
    assert status == 1
    (line,) = problems(output)
    assert f"{SCORE} was made again since, with another content: " in line
    assert f"touch results/hand/{SCORE} && snakemake" in line


def test_a_page_that_states_other_settings_than_those_of_its_models_is_a_problem(
    finished: Checkout, call: Call
) -> None:
    path = finished.result("report/index.html.json")
    record = json.loads(path.read_text())
    record["settings"]["training"]["lr"] = 0.2
    record["settings"]["variants"]["scrub"]["settings"]["lr"] = 0.03
    path.write_text(json.dumps(sealed(record)))
    status, output = call(finished.root, "verify")
    assert status == 1
    (line,) = problems(output)
    assert "report/index.html states other settings than " in line
    assert "training.lr 0.2 instead of 0.1" in line or "methods.scrub.lr 0.03 instead of 0.01" in line


# notes


def test_leftovers_and_strangers_are_noted(finished: Checkout, call: Call) -> None:
    partial = finished.root / RESULTS / ".klom.csv.x.partial"
    partial.mkdir()
    (partial / "lock").touch()
    resume = finished.root / RESULTS / f"{WEIGHTS}.resume"
    resume.mkdir()
    (resume / "0.safetensors").touch()
    (finished.root / RESULTS / "notes.txt").touch()
    status, output = call(finished.root, "verify")
    assert status == 0
    assert (
        "note: .klom.csv.x.partial: left by an interrupted writer; remove it with `rm -r results/tiny/.klom" in output
    )
    assert (
        f"note: {WEIGHTS}: left by an interrupted job; remove it with `rm -r results/tiny/{WEIGHTS}.resume`" in output
    )
    assert "note: notes.txt: no rule makes this file" in output
    finished.result(WEIGHTS).unlink()
    assert f"note: {WEIGHTS}: left by an interrupted job; the next run" in call(finished.root, "verify")[1]


def test_journals_of_a_study_are_expected_and_what_a_fault_left_there_is_noted(by_hand: ByHand, call: Call) -> None:
    by_hand.write("studies/ft/0.parquet", "trials")
    folder = by_hand.root / "results/hand/studies/ft/0.parquet.study"
    folder.mkdir()
    for name in ("a.journal", "a.journal.copy", "a.journal.lock"):
        (folder / name).touch()
    assert "note: studies" not in call(by_hand.root, "verify", "results/hand")[1]
    for name in ("b.worker", "c.worker"):
        (folder / name).touch()
    (folder / "a.journal.damaged").touch()
    status, output = call(by_hand.root, "verify", "results/hand")
    place = "studies/ft/0.parquet.study"
    assert status == 0
    assert f"note: {place}: workers of the study run, or were killed; the next run of the study goes on" in output
    assert f"note: {place}/a.journal.damaged: a journal as it was when damage was found; remove it with `rm" in output
    assert output.count(f"note: {place}") == 2


def test_other_settings_and_code_are_noted(finished: Checkout, call: Call) -> None:
    finished.configure({"methods.scrub.lr": 0.03})
    status, output = call(finished.root, "verify")
    assert status == 0
    assert (
        "note: 4 of unlearned scrub: made with other settings than the present ones (settings.lr 0.01 -> 0.03)"
        in output
    )
    assert "do_nothing" not in output
    finished.configure({"methods.scrub": {"method": "do_nothing"}, "methods.new": {"method": "do_nothing"}})
    finished.edit("unlearnkit/methods/references/do_nothing.py", "NEEDS = ()", "NEEDS = ()\nUNUSED = 1")
    outcome = finished.unlearnkit("verify", "--quick")
    assert outcome.status == 0
    assert "note: 4 of unlearned do_nothing: made by other code than the present" in outcome.output


def test_two_files_that_name_the_experiment_have_to_be_told_apart(finished: Checkout, call: Call) -> None:
    shutil.copy(finished.root / "tiny.yaml", finished.root / "a_tiny.yaml")
    (finished.root / RESULTS / MARGINS).write_bytes(b"damaged")
    status, output = call(finished.root, "verify")
    assert status == 1
    assert "a_tiny.yaml and tiny.yaml name this experiment: give the right one with --configfile" in output
    assert "--configfile FILE" in next(line for line in problems(output) if MARGINS in line)
    output = call(finished.root, "verify", "--configfile", "tiny.yaml")[1]
    assert "--configfile tiny.yaml" in next(line for line in problems(output) if MARGINS in line)


def test_a_wrong_configuration_does_not_keep_files_from_being_verified(finished: Checkout, call: Call) -> None:
    finished.configure({"training.lr": -1})
    status, output = call(finished.root, "verify")
    assert status == 0
    assert "note: not compared with the configuration: training.lr is -1" in output


# files from outside


def test_raw_files_are_compared_where_they_are(by_hand: ByHand, raw: Path, call: Call) -> None:
    assert call(by_hand.root, "verify")[0] == 0
    raw.write_text("other data")
    status, output = call(by_hand.root, "verify")
    assert status == 1
    made = "1 artifact was made from another version of it (data/dataset.safetensors first)"
    assert f"{raw} was changed since: {made}" in output
    raw.unlink()
    status, output = call(by_hand.root, "verify")
    assert status == 0
    assert f"note: {raw} is not on this machine; its hash is on record" in output


def test_no_command_reaches_out_of_the_results(by_hand: ByHand, raw: Path, call: Call) -> None:
    """A forged record names files outside as its own; they are compared as outside files, and never removed."""
    name = "forget_sets/nines.npy"
    inputs = {f"results/hand/../../../{raw.name}": "0" * 64, "/etc/hostname": "0" * 64}
    by_hand.write(name, "indices", rule="forget_set")
    record = by_hand.root / f"results/hand/{name}.json"
    forged = {**json.loads(record.read_text()), "inputs": inputs}
    record.write_text(json.dumps({key: value for key, value in forged.items() if key != "record_sha256"}))
    status, output = call(by_hand.root, "verify")
    assert status == 1
    commands = [line.partition("Repair: ")[2] for line in problems(output)]
    assert commands
    assert all(command.startswith(f"rm -f results/hand/{name} && ") for command in commands)
    record.write_text(json.dumps({**forged, "artifact": f"/etc/{name}"}))
    assert "is the record of /etc/forget_sets/nines.npy" in call(by_hand.root, "verify")[1]


def test_folders_behind_links_are_followed_once(by_hand: ByHand, call: Call) -> None:
    folder = by_hand.root / "results/hand/original"
    folder.rename(by_hand.root / "disk")
    folder.symlink_to(by_hand.root / "disk")
    (by_hand.root / "results/hand/loop").symlink_to(by_hand.root / "results/hand")
    assert call(by_hand.root, "verify")[0] == 0


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_a_folder_without_results_is_an_error(tmp_path: Path, call: Call, path: str) -> None:
    status, output = call(tmp_path, "verify", path)
    assert status == 1
    assert output.startswith(f"error: {path} holds no results")
