#!/bin/sh
# Runs a command once for each seed of a range, as SEED, and names the smallest that fails: tests/seeds.sh 1..20 COMMAND…
# What the runs say goes into a file each, which is kept where one fails.
set -eu

usage() {
	echo "tests/seeds.sh: «$1» is no range of seeds: write the first and the last, as in SEEDS=1..20" >&2
	exit 64
}

range=$1
shift
first=${range%%..*}
last=${range##*..}
for bound in "$first" "$last"; do
	case $bound in '' | *[!0-9]*) usage "$range" ;; esac
done
[ "$first..$last" = "$range" ] && [ "$first" -le "$last" ] || usage "$range"

logs=$(mktemp -d)
seed=$first
while [ "$seed" -le "$last" ]; do
	log=$logs/seed-$seed.log
	if SEED=$seed "$@" >"$log" 2>&1; then
		echo "seed $seed: passed"
		rm "$log"
	else
		echo "seed $seed: FAILED, the smallest of $range that does${REQUESTS:+, with REQUESTS=$REQUESTS}"
		grep -A 20 'what does not add up' "$log" || tail -n 20 "$log"
		echo "Its whole output: $log"
		exit 1
	fi
	seed=$((seed + 1))
done
rmdir "$logs"
echo "none of the seeds $range fails"
