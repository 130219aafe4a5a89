# What bash completes behind firepost.
_firepost() {
  local cur="${COMP_WORDS[COMP_CWORD]}" words=""
  if [[ $COMP_CWORD == 1 ]]; then
    words="run check reload scan read pin site status watch points events cause ack silence reset disable enable out answer accept arrive verdict item hazard shift drill walktest enrol identity label factory-reset operator"
  elif [[ $cur == -* ]]; then
    case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
    "run "*) words="--config --dir --sim --page --json" ;;
    "check "*) words="--config --dir --lang --sim --json --box --wiring --reference" ;;
    "reload "*) words="--dir --lang --json" ;;
    "scan "*) words="--config --dir --lang --sim --json" ;;
    "read "*) words="--config --dir --lang --sim --json --number --for" ;;
    "pin "*) words="--config --dir --lang --sim --json --number --for --pull --debounce" ;;
    "site show") words="--dir --lang --json --text" ;;
    "site diff") words="--dir --lang --json" ;;
    "site accept") words="--dir --lang --json --operator" ;;
    "site refuse") words="--dir --lang --json --operator" ;;
    "site rollback") words="--dir --lang --json --operator" ;;
    "status "*) words="--dir --lang --json" ;;
    "watch "*) words="--dir --lang" ;;
    "points "*) words="--dir --lang --json" ;;
    "events "*) words="--dir --lang --json --number" ;;
    "cause "*) words="--dir --lang" ;;
    "ack "*) words="--dir --lang --json --operator" ;;
    "silence "*) words="--dir --lang --json --operator" ;;
    "reset "*) words="--dir --lang --json --operator" ;;
    "disable "*) words="--dir --lang --json --operator --for --reason" ;;
    "enable "*) words="--dir --lang --json --operator" ;;
    "out "*) words="--dir --lang --json --operator --for" ;;
    "answer "*) words="--dir --lang --json --operator" ;;
    "accept "*) words="--dir --lang --json --operator" ;;
    "arrive "*) words="--dir --lang --json --operator" ;;
    "verdict "*) words="--dir --lang --json --operator --is --cause" ;;
    "item list") words="--dir --lang --json" ;;
    "item done") words="--dir --lang --json --operator --failed --found --evidence" ;;
    "hazard list") words="--dir --lang --json" ;;
    "hazard open") words="--dir --lang --json --operator --days" ;;
    "hazard close") words="--dir --lang --json --operator --evidence" ;;
    "shift on") words="--dir --lang --json --operator" ;;
    "shift off") words="--dir --lang --json --operator" ;;
    "drill start") words="--dir --lang --json --operator --for --scenario --output --smoke" ;;
    "drill end") words="--dir --lang --json --operator" ;;
    "drill record") words="--dir --lang --json" ;;
    "walktest start") words="--dir --lang --json --operator --for --zone" ;;
    "walktest skip") words="--dir --lang --json --operator --reason" ;;
    "walktest end") words="--dir --lang --json --operator" ;;
    "walktest record") words="--dir --lang --json" ;;
    "enrol "*) words="--claim --district --replace --again --status --courier --no-wait --verbose --json --dir --lang" ;;
    "identity show") words="--json --dir --lang" ;;
    "label "*) words="--form --out --dir --lang" ;;
    "factory-reset "*) words="--identity --readings --all --yes --dir --lang" ;;
    "operator add") words="--number --name --level --site" ;;
    esac
  elif [[ $COMP_CWORD == 2 ]]; then
    case "${COMP_WORDS[1]}" in
    site) words="show diff accept refuse rollback" ;;
    item) words="list done" ;;
    hazard) words="list open close" ;;
    shift) words="on off" ;;
    drill) words="start end record" ;;
    walktest) words="start skip end record" ;;
    identity) words="show" ;;
    operator) words="add" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _firepost firepost
