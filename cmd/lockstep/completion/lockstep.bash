# Completion of lockstep for bash: source <(lockstep completion bash)
_lockstep() {
	local IFS=$'\n'
	COMPREPLY=($(lockstep complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _lockstep lockstep
