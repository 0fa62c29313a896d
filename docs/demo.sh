#!/usr/bin/env bash
# The whole job on the bundled sample: import, query, edit, undo, back up, restore,
# export, and a comparison of what came out of both stores. `make demo` runs it; it
# writes only into a folder of its own, which is removed at the end.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
sample=rolethread_store/sample
work="$(mktemp -d)"
finish() {
    local status=$?
    rm -rf "$work"
    [[ $status == 0 ]] || echo "The demo stopped: the last command above failed ($status)." >&2
}
trap finish EXIT

export ROLETHREAD_STORE="$work/store"
# A demo may put its passphrase here; you are better served by --passphrase-command.
export ROLETHREAD_PASSPHRASE="a lantern for the quiet road"

say() { printf '\n\n# %s\n' "$*"; }

# Show the command as a person would type it, then run it.
show_and_run() {
    local word line='$ rolethread'
    for word in "$@"; do
        if [[ $word =~ ^[A-Za-z0-9_./:=-]+$ ]]; then line+=" $word"; else line+=" \"$word\""; fi
    done
    printf '\n%s\n' "${line//$work/…}"
    rolethread "$@"
}

# One value of one row, for the steps that need an entry's id.
value() { rolethread sql "$1" --csv | tail -n 1 | tr -d '\r"'; }

say "A new store: one folder, everything in it sealed"
show_and_run init --yes

say "Import: formats are told apart record by record; broken records are kept aside"
show_and_run import "$sample/tavern.jsonl" --dataset tavern
show_and_run import "$sample/circle.jsonl" --dataset circle
show_and_run import "$sample/questions.json" --dataset questions
show_and_run import "$sample/tools.jsonl" --dataset tools
show_and_run import "$sample/messy.jsonl" --dataset messy --dry-run
show_and_run import "$sample/messy.jsonl" --dataset messy
show_and_run quarantine
show_and_run datasets

say "Look: SQL over everything, and a search that knows messages"
show_and_run sql "SELECT dataset, count(*) AS messages, avg(length(content))::INT AS characters FROM messages GROUP BY dataset ORDER BY dataset"
show_and_run search "lighthouse" --dataset tavern
show_and_run list --dataset circle --limit 3

entry="$(value "SELECT entry_id FROM entries WHERE dataset = 'tavern' ORDER BY position LIMIT 1")"

say "Change: an edit is one durable line of history, and can be taken back"
show_and_run edit "$entry" --message 0 --content "You are the keeper of a small inn by the sea."
show_and_run show "$entry"
show_and_run undo
show_and_run redo
show_and_run tag add reviewed --dataset tavern --all
show_and_run delete "$(value "SELECT entry_id FROM entries WHERE dataset = 'tavern' ORDER BY position DESC LIMIT 1")"
show_and_run undo
show_and_run log

say "Back up: only sealed bytes leave the store"
show_and_run remote add backup "file://$work/backup"
show_and_run push backup
show_and_run edit "$entry" --message 0 --content "You keep a small inn by the sea, and remember every guest."
show_and_run push backup
show_and_run verify backup

say "Restore into a new folder, and compare what both stores export"
show_and_run restore "file://$work/backup" "$work/restored"
for dataset in tavern circle questions tools messy; do
    format=chatml
    [[ $dataset != questions ]] || format=sharegpt
    show_and_run export "$dataset" "$work/$dataset.jsonl" --format "$format"
    show_and_run --store "$work/restored" export "$dataset" "$work/$dataset.restored.jsonl" --format "$format"
    cmp "$work/$dataset.jsonl" "$work/$dataset.restored.jsonl"
done

say "Both stores export the same bytes: the demo is done"
show_and_run status
