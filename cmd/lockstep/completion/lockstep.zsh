#compdef lockstep
# Completion of lockstep for zsh: source <(lockstep completion zsh)
_lockstep() {
	local -a candidates
	candidates=(${(f)"$(lockstep complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	if (( $#candidates )); then
		compadd -a candidates
	else
		_files
	fi
}
if [ "$funcstack[1]" = "_lockstep" ]; then
	_lockstep "$@"
else
	compdef _lockstep lockstep
fi
