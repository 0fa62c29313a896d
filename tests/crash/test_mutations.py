"""A store that was tampered with: its own answers, an error that names a file, or what is left.

Never wrong rows. One thing is known and allowed: where the end of the newest log file goes
missing, the store answers as it did before those changes, as after a crash.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID

import pytest

from rolethread_store.changelog.frame import HEADER_BYTES
from rolethread_store.crypto import floor_params
from rolethread_store.dataset import planning
from rolethread_store.editing import bulk_tags
from rolethread_store.errors import (
    Corrupt,
    Denied,
    NotFound,
    StoreError,
    Unsupported,
)
from rolethread_store.model import Entry
from rolethread_store.store import (
    LocalReport,
    SalvageReport,
    check_local,
    open_store,
    salvage_store,
)
from rolethread_store.testing.answers import Answers, answers
from rolethread_store.testing.crashing import records
from rolethread_store.testing.mutations import OPERATORS, Tampering, sealed_paths
from rolethread_store.testing.recording import Tree
from rolethread_store.testing.workflows import Place, Setting, make_setting

QUICK_SEEDS = 1
DEEP_SEEDS = 60
SALVAGED_ONE_IN = 4
KDF = floor_params()


@dataclass
class Scene:
    """A store with a life behind it.

    Attributes:
        place: Where it is laid down.
        tree: Its files.
        older: Its files in the middle of its life.
        foreign: Another store with the same passphrase.
        states: Its answers after each change.
        published: State when the last manifest was published.
    """

    place: Place
    tree: Tree
    older: Tree
    foreign: Tree
    states: list[Answers]
    published: int

    @property
    def newest_log(self) -> str:
        return max(path for path in self.tree.files if path.endswith(".log"))

    def every_entry(self) -> dict[UUID, list[Entry]]:
        """Return each entry in every form it ever had."""
        found: dict[UUID, list[Entry]] = {}
        for state in self.states:
            for page in state.pages.values():
                for entry in page:
                    found.setdefault(entry.entry_id, []).append(entry)
        return found


def live(place: Place, setting: Setting) -> Iterator[None]:
    """Make changes of every kind; stops after each."""
    ids = setting.entries
    store = place.current
    store.dataset("more").import_file(setting.source)
    yield
    store.edit(ids[1], message=0, content="edited")
    yield
    store.delete([ids[2]])
    yield
    store.dataset("tavern").add_tags(["patched"])
    yield
    store.checkpoint()
    place.reopen()
    store = place.current
    store.edit(ids[3], message=1, content="edited after the checkpoint")
    yield
    store.dataset("more").add_tags(["late"])
    yield
    place.reopen()
    store = place.current
    store.edit(ids[4], message=0, content="edited and undone")
    yield
    store.undo()
    yield
    store.add_remote("stick", "file:///nowhere")
    yield
    place.reopen()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("mutations")
    (folder / "mine").mkdir()
    (folder / "theirs").mkdir()
    setting = make_setting(folder / "mine")
    foreign = make_setting(folder / "theirs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bulk_tags.__globals__, "INLINE_LIMIT", 2)
        patch.setattr(planning, "UPPER_LIMIT", 5)
        place = Place(folder / "place", setting)
        place.lay_down(setting.tree)
        states, trees = [], []
        for _ in live(place, setting):
            states.append(answers(place.current))
            trees.append(Tree.of(place.root))
        scene = Scene(place, Tree.of(place.root), trees[2], foreign.tree, states, 5)
    with place:
        assert read(scene) == states[-1]
        yield scene


def read(scene: Scene) -> Answers | StoreError:
    """Ask everything of what is laid down."""
    try:
        with scene.place.opened() as store:
            return answers(store)
    except StoreError as error:
        return error


def checked(scene: Scene) -> LocalReport | StoreError:
    """Look through what is laid down."""
    path, code = scene.place.layout.root, scene.place.setting.recovery_code
    try:
        return check_local(path, recovery_code=code)
    except StoreError as error:
        return error


def salvaged(scene: Scene, to: Path) -> SalvageReport | StoreError:
    """Save what is laid down."""
    path, code = scene.place.layout.root, scene.place.setting.recovery_code
    try:
        return salvage_store(path, to, recovery_code=code, new_passphrase="new", kdf=KDF)
    except StoreError as error:
        return error


def tampered(scene: Scene, name: str, seed: int) -> dict[str, bytes]:
    chance = random.Random(f"{name} {seed}")
    case = Tampering(dict(scene.tree.files), scene.older, scene.foreign, chance)
    OPERATORS[name](case)
    return case.files


def changed_paths(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {
        path
        for path in sealed_paths(before) + sealed_paths(after)
        if before.get(path) != after.get(path)
    }


def require_answers(scene: Scene, changed: set[str]) -> bool:
    """Demand the right answers or an error; return whether they were the present ones."""
    result = read(scene)
    if result == scene.states[-1]:
        return True
    if isinstance(result, Answers):
        assert scene.newest_log in changed, "an earlier state, and the newest log is whole"
        assert result in scene.states[scene.published :], "no state there ever was"
        return False
    assert isinstance(result, Corrupt | Unsupported | NotFound), result
    return False


def require_found(scene: Scene, changed: set[str], *, unharmed: bool) -> None:
    """Demand that a look through the store names what is damaged."""
    report = checked(scene)
    if isinstance(report, StoreError):
        assert isinstance(report, Corrupt | Denied), report
        assert any(PurePosixPath(path).parent.name == "keys" for path in changed)
        return
    root = scene.place.root
    named = {damage.path.relative_to(root).as_posix() for damage in report.damages}
    if len(changed) == 1 and scene.newest_log not in changed:
        path = next(iter(changed))
        there = path in scene.tree.files and (scene.place.root / path).exists()
        # A file that was added is nobody's; one that is gone is missed by what names it. A
        # log file emptied, or without its end mark, looks like one that is gone or open.
        if there and not (unharmed or _unborn(scene, path)):
            assert path in named, named
    assert unharmed or scene.newest_log in changed or named, "it does not open, for no reason"
    for damage in report.damages:
        assert damage.reason
        assert damage.code


def _unborn(scene: Scene, path: str) -> bool:
    content = (scene.place.root / path).read_bytes()
    return path.endswith(".log") and len(content.rstrip(b"\0")) < HEADER_BYTES


def require_salvage(scene: Scene, to: Path) -> None:
    """Demand that what is saved was once true, entry by entry."""
    known = scene.every_entry()
    report = salvaged(scene, to)
    if isinstance(report, StoreError):
        assert isinstance(report, Corrupt | Denied | NotFound), report
        assert not to.exists()
        return
    with open_store(to, recovery_code=report.recovery_code) as store:
        for one in report.datasets:
            page = store.dataset(one.name).page(limit=1000)
            assert len(page) == one.entries
            assert len({entry.entry_id for entry in page}) == one.entries
            for entry in page:
                forms = known[entry.entry_id]
                assert any(_same(entry, form) for form in forms) or _as_imported(entry), entry


def _same(entry: Entry, form: Entry) -> bool:
    """Compare what a person wrote; a lost patch of tags leaves the tags before it."""
    return (entry.messages, entry.extra, entry.position) == (
        form.messages,
        form.extra,
        form.position,
    )


def _as_imported(entry: Entry) -> bool:
    """Tell whether an entry is as it was before the scene's first state."""
    lines = map(json.loads, records(6).splitlines())
    texts = [[message["content"] for message in line["messages"]] for line in lines]
    return [message.content for message in entry.messages] in texts


def tamper_and_look(scene: Scene, name: str, seed: int, to: Path) -> None:
    files = tampered(scene, name, seed)
    changed = changed_paths(dict(scene.tree.files), files)
    scene.place.lay_down(Tree(files, scene.tree.folders))
    try:
        unharmed = require_answers(scene, changed)
        require_found(scene, changed, unharmed=unharmed)
        if seed % SALVAGED_ONE_IN == 0:
            require_salvage(scene, to / f"{seed:04d}")
    except Exception as error:
        error.add_note(f"{name}, seed {seed}: {sorted(changed)}")
        raise


@pytest.mark.parametrize("name", OPERATORS)
def test_tampering(scene: Scene, name: str, tmp_path: Path) -> None:
    for seed in range(QUICK_SEEDS):
        tamper_and_look(scene, name, seed, tmp_path)


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", OPERATORS)
def test_much_tampering(scene: Scene, name: str, tmp_path: Path) -> None:
    for seed in range(DEEP_SEEDS):
        tamper_and_look(scene, name, seed, tmp_path)


def test_a_sound_store_is_found_sound(scene: Scene, tmp_path: Path) -> None:
    scene.place.lay_down(scene.tree)
    report = checked(scene)
    assert isinstance(report, LocalReport)
    assert report.damages == ()
    assert report.files == len(sealed_paths(scene.tree.files))
    saved = salvaged(scene, tmp_path / "copy")
    assert isinstance(saved, SalvageReport)
    assert (saved.damages, saved.left_out, saved.unreadable) == ((), (), 0)
    with open_store(tmp_path / "copy", recovery_code=saved.recovery_code) as store:
        now = answers(store)
        expected = scene.states[-1]
        assert now.pages == expected.pages
        assert now.entries == expected.entries
        assert [q.raw for q in now.quarantine] == [q.raw for q in expected.quarantine]
        assert [t[2:] for t in now.totals] == [t[2:] for t in expected.totals]


@pytest.mark.parametrize("folder", ["segments", "manifests", "keys", "log"])
def test_every_damaged_file_is_named(scene: Scene, folder: str) -> None:
    """One byte in the middle of each file of a kind."""
    for path in sealed_paths(scene.tree.files):
        if PurePosixPath(path).parent.name != folder:
            continue
        files = dict(scene.tree.files)
        content = bytearray(files[path])
        content[len(content) // 2] ^= 1
        files[path] = bytes(content)
        scene.place.lay_down(Tree(files, scene.tree.folders))
        report = checked(scene)
        if isinstance(report, StoreError):
            assert folder == "keys"
            continue
        named = {d.path.relative_to(scene.place.root).as_posix() for d in report.damages}
        assert path in named
        if folder == "segments":
            assert sum(damage.entries for damage in report.damages) > 0


def test_changes_behind_a_damaged_frame_are_saved(scene: Scene, tmp_path: Path) -> None:
    """The first life's log loses an edit in its middle; all later ones are in the new store."""
    first = min(path for path in scene.tree.files if path.endswith(".log"))
    second = sorted(path for path in scene.tree.files if path.endswith(".log"))[1]
    content = bytearray(scene.tree.files[second])
    content[400] ^= 1
    files = {**scene.tree.files, second: bytes(content)}
    scene.place.lay_down(Tree(files, scene.tree.folders))
    saved = salvaged(scene, tmp_path / "new")
    assert isinstance(saved, SalvageReport)
    assert saved.unreadable >= 1
    assert {damage.path.name for damage in saved.damages} == {PurePosixPath(second).name}
    assert first != second
    with open_store(tmp_path / "new", recovery_code=saved.recovery_code) as store:
        found = store.sql("SELECT content FROM messages WHERE content LIKE 'edited%'").fetchall()
    assert ("edited after the checkpoint",) in found
