#!/usr/bin/env bash
#
# Run the three MNIST workflows one after the other, say how each of them ended, and compare those
# that succeeded.
#
#   ./run_exps.sh                  .venv/bin/wf if it is there, else the wf on PATH
#   ./run_exps.sh --simulate-gpus  ranks on the CPU stand in for GPUs, so that all three run
#   WF="uv run wf" ./run_exps.sh   another command
#
# A workflow that takes more GPUs than this machine has is left out, which is no failure. One that
# fails does not keep the next from running. Exits with 0 when all that ran succeeded, else with the
# first exit code that is not 0; with 69 when all were left out.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit

workflows=(train-mnist-no-gpu train-mnist-one-gpu train-mnist-multi-gpu)

options=()
for word in "$@"; do
  case $word in
    --simulate-gpus) options+=("$word") ;;
    *)
      printf 'run_exps.sh: there is no option %s; --simulate-gpus is the only one\n' "$word" >&2
      exit 64
      ;;
  esac
done

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

# Why this machine can never run a workflow, in a sentence; nothing if it can.
why_not() {
  local said
  said=$("${wf[@]}" plan "$1" ${options[@]+"${options[@]}"} 2>&1 >/dev/null)
  (($? == 69)) || return
  said=${said%%$'\n'*}
  printf '%s\n' "${said#*error: }"
}

first=0
codes=()
texts=()
succeeded=()
left_out=
for workflow in "${workflows[@]}"; do
  printf '\n== %s\n' "$workflow"
  text=$(why_not "$workflow")
  [[ -n $interrupted ]] && break
  if [[ -n $text ]]; then
    printf 'left out: %s\n' "$text"
    left_out=yes
    codes+=("-")
    texts+=("left out: ${text#"$workflow" }")
    continue
  fi
  "${wf[@]}" run "$workflow" ${options[@]+"${options[@]}"}
  code=$?
  codes+=("$code")
  texts+=("$(meaning "$code")")
  ((code == 0)) && succeeded+=("$workflow")
  ((first == 0)) && first=$code
  [[ -n $interrupted ]] && break
done

printf '\n%-24s %4s  %s\n' "workflow" "exit" "meaning"
for i in "${!workflows[@]}"; do
  printf '%-24s %4s  %s\n' "${workflows[i]}" "${codes[i]:--}" "${texts[i]:-not started}"
done
[[ -n $left_out ]] && printf 'on the CPU all of them run: ./run_exps.sh --simulate-gpus\n'
[[ -n $left_out && -z $interrupted && $first -eq 0 && ${#succeeded[@]} -eq 0 ]] && first=69

# whoever interrupts it does not want to read more
if [[ -z $interrupted ]] && ((${#succeeded[@]} > 1)); then
  printf '\n== compared\n'
  "${wf[@]}" compare "${succeeded[@]}"
  code=$?
  ((first == 0)) && first=$code
fi

[[ -n $interrupted && $first -eq 0 ]] && first=130
exit "$first"
