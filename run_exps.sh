#!/usr/bin/env bash
#
# Run the three MNIST workflows one after the other, then say how each of them ended.
#
#   ./run_exps.sh                  .venv/bin/wf if it is there, else the wf on PATH
#   WF="uv run wf" ./run_exps.sh   another command
#
# A workflow that fails does not keep the next from running. Exits with 0 when all of them
# succeeded, else with the first exit code that is not 0.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit

workflows=(train-mnist-no-gpu train-mnist-one-gpu train-mnist-multi-gpu)

if [[ -z ${WF:-} ]]; then
  WF=wf
  [[ -x .venv/bin/wf ]] && WF=.venv/bin/wf
fi
read -r -a wf <<<"$WF"
if ! command -v -- "${wf[0]}" >/dev/null; then
  printf 'run_exps.sh: there is no command %s; install the project or set WF\n' "${wf[0]}" >&2
  exit 127
fi

meaning() {
  case $1 in
    0) echo "ok" ;;
    64 | 65) echo "wrong usage or workflow file ($1)" ;;
    69) echo "cannot be satisfied here (69)" ;;
    70) echo "wf itself failed (70)" ;;
    73) echo "wf could not store it (73)" ;;
    75) echo "busy (75)" ;;
    78) echo "the environment could not be made (78)" ;;
    130) echo "interrupted (130)" ;;
    *) echo "failed ($1)" ;;
  esac
}

interrupted=
trap 'interrupted=yes' INT

first=0
codes=()
for workflow in "${workflows[@]}"; do
  printf '\n== %s\n' "$workflow"
  "${wf[@]}" run "$workflow"
  code=$?
  codes+=("$code")
  ((first == 0)) && first=$code
  [[ -n $interrupted ]] && break
done

printf '\n%-24s %4s  %s\n' "workflow" "exit" "meaning"
for i in "${!workflows[@]}"; do
  code=${codes[i]:--}
  if [[ $code == - ]]; then
    text="not started"
  else
    text=$(meaning "$code")
  fi
  printf '%-24s %4s  %s\n' "${workflows[i]}" "$code" "$text"
done

[[ -n $interrupted && $first -eq 0 ]] && first=130
exit "$first"
