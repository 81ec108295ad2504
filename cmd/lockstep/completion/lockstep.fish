# Completion of lockstep for fish: lockstep completion fish | source
function __lockstep_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	lockstep complete -- $words[2..-1] "$current" 2>/dev/null
end
complete -c lockstep -a '(__lockstep_complete)'
