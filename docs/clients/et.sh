#!/bin/sh
# Reports of a script's runs, left in its user's local spool: any POSIX shell, with awk, od, and sha256sum or shasum.
#
# Ship this file and your et.json beside your script:
#
#     . "$(dirname "$0")/et.sh"
#     et_start "$(dirname "$0")/et.json" --command align --version 1.2 --input reads=4000000
#     ...
#     et_data duplexes=1200
#
# The run ends with the script, by its exit code; et_end ends it before. Or, of a run that has ended:
#
#     sh et.sh enqueue et.json --command align --wall-s 12.5 --input reads=4000000
#
# Without its user's consent nothing is written anywhere. Nothing here fails the script, prints, or opens a socket, also
# under set -e, set -u and set -o pipefail. docs/spool-format.md of ET says what is written, docs/consent.md when.

# What a script calls: each returns 0. What the shell would trace under set -x, it traces of the call alone.

# et_start MANIFEST [--phone-home] [--test] [--command NAME] [--version V] [--platform P] [--input NAME=SIZE]... [--data KEY=VALUE]...
et_start() {
	{ _et_begin "$@" || :; } 2>/dev/null || :
}

# et_input NAME=SIZE...: in the unit that the manifest declares.
et_input() {
	{ _et_add_all i "$@" || :; } 2>/dev/null || :
}

# et_data KEY=VALUE...: what the manifest declares besides.
et_data() {
	{ _et_add_all d "$@" || :; } 2>/dev/null || :
}

# et_prelim: reports what is known before the work, such as the sizes of inputs.
et_prelim() {
	{ [ "${_et_state-}" != open ] || _et_report prelim || :; } 2>/dev/null || :
}

# et_end [--outcome ok|failed|killed|unknown] [--exit-code N] [--signal SIGNAME]: further calls change nothing.
et_end() {
	{ _et_finish "$@" || :; } 2>/dev/null || :
}

# The rest is et.sh's own: all names begin with _et_.

_et_finish() {
	[ "${_et_state-}" = open ] || return 0
	_et_state=ended
	_et_options "$@" || :
	case $_et_fields in
	*"${_et_mark}foutcome="*) ;;
	*) _et_add f outcome=ok ;;
	esac
	_et_measure || :
	_et_report end || :
	return 0
}

_et_mark=$(printf '\001')

# One thing to report: its kind (f a field, i an input, d data), and NAME=VALUE.
_et_add() {
	if [ ${#2} -gt 4096 ]; then
		set -- "$1" "$(printf '%.4096s' "$2")"
	fi
	case $2 in
	*"$_et_mark"*) return 0 ;;
	esac
	_et_fields=${_et_fields-}$_et_mark$1$2
}

_et_add_all() {
	_et_kind=$1
	shift
	while [ $# -gt 0 ]; do
		_et_add "$_et_kind" "$1" || :
		shift
	done
}

_et_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--phone-home) _et_flag=1 ;;
		--test) _et_add f test=true ;;
		--input) [ $# -lt 2 ] || { _et_add i "$2"; shift; } ;;
		--data) [ $# -lt 2 ] || { _et_add d "$2"; shift; } ;;
		--exit-code) [ $# -lt 2 ] || { _et_add f "exit_code=$2"; shift; } ;;
		--wall-s) [ $# -lt 2 ] || { _et_add f "wall_s=$2"; shift; } ;;
		--cpu-user-s) [ $# -lt 2 ] || { _et_add f "cpu_user_s=$2"; shift; } ;;
		--cpu-system-s) [ $# -lt 2 ] || { _et_add f "cpu_system_s=$2"; shift; } ;;
		--max-rss-bytes) [ $# -lt 2 ] || { _et_add f "max_rss_bytes=$2"; shift; } ;;
		--command | --version | --platform | --outcome | --signal | --threads)
			[ $# -lt 2 ] || { _et_add f "${1#--}=$2"; shift; }
			;;
		esac
		shift
	done
}

_et_begin() {
	[ "${_et_state-}" != open ] || return 0
	_et_state=none
	_et_marked=
	_et_cpu_before=
	_et_fields=
	_et_flag=
	_et_manifest=${1-}
	[ $# -eq 0 ] || shift
	_et_options "$@"
	_et_identify || return 0
	_et_began=
	_et_began=$(_et_now_s)
	_et_state=open
	_et_report start
	case $_et_answer in
	queued*) _et_marked=${_et_answer#queued } ;; # The milliseconds of its start are in the name of its marker.
	*)
		# Not consented, left out by sampling, or not writable: what comes later is asked anew.
		_et_began=$(_et_now_s)
		;;
	esac
	_et_cpu
	_et_cpu_before=$_et_cpu_now
	_et_traps
}

# The run's random key and its public name. A shell without these tools reports nothing.
_et_identify() {
	_et_key=$(_et_random 16)
	[ ${#_et_key} -eq 32 ] || return 1
	_et_hash=$(_et_hash_name) || return 1
	_et_run=$(printf '%s' "$_et_key" | _et_sha256) || return 1
	_et_rest=${_et_run#????????????????????????????????}
	_et_run=${_et_run%"$_et_rest"}
	[ ${#_et_run} -eq 32 ] || return 1
	_et_hostname=
	{ read -r _et_hostname </proc/sys/kernel/hostname; } 2>/dev/null || _et_hostname=$(uname -n 2>/dev/null)
	_et_host=$(printf '%s' "$_et_hostname" | _et_sha256)
	_et_host=$(printf '%.12s' "$_et_host")
	_et_sync_by=$(_et_sync_name)
}

_et_random() {
	command od -An -v "-N$1" -tx1 /dev/urandom 2>/dev/null | command tr -d ' \n'
}

_et_hash_name() {
	for _et_tool in sha256sum shasum openssl; do
		if command -v "$_et_tool" >/dev/null 2>&1; then
			printf '%s' "$_et_tool"
			return 0
		fi
	done
	return 1
}

_et_sha256() {
	case $_et_hash in
	sha256sum) command sha256sum ;;
	shasum) command shasum -a 256 ;;
	openssl) command openssl dgst -sha256 -r ;;
	esac 2>/dev/null
}

# What makes a file last through a power failure: coreutils' sync takes files, others do not; without any, nothing does.
_et_sync_name() {
	case $(command sync --version 2>/dev/null) in
	*coreutils*) printf sync ;;
	*) if command -v perl >/dev/null 2>&1; then printf perl; fi ;;
	esac
}

_et_sync() {
	case $_et_sync_by in
	sync) command sync "$@" ;;
	perl) command perl -MIO::Handle -e 'for (@ARGV) { open(my $f, "<", $_) && $f->sync or exit 1 }' "$@" ;;
	esac 2>/dev/null
}

# Seconds since this machine was started, or since the epoch, where the shell can ask for nothing better.
_et_now_s() {
	if { read -r _et_uptime _et_idle </proc/uptime; } 2>/dev/null; then
		printf '%s' "$_et_uptime"
	else
		command date +%s
	fi
}

# CPU of the shell and of its children that ended, as `times` counts it: "user system", or nothing where /proc does not tell.
_et_cpu() {
	_et_cpu_now=
	{ read -r _et_stat <"/proc/$$/stat"; } 2>/dev/null || return 0
	_et_cpu_now=${_et_stat##*) }
}

_et_measure() {
	_et_cpu
	_et_cpu_after=$_et_cpu_now
	_et_ended=$(_et_now_s)
	_et_fields="$_et_fields${_et_mark}m$_et_began $_et_ended"
	[ -z "$_et_cpu_after" ] || _et_fields="$_et_fields${_et_mark}c$_et_cpu_before${_et_mark}C$_et_cpu_after"
}

# Reports one event, in a shell of its own, whose options, umask and variables are not the script's.
_et_report() {
	_et_answer=$(
		exec 2>/dev/null
		set +eu
		set -fC
		umask 077
		unset IFS CDPATH
		LC_ALL=C
		export LC_ALL
		if [ "$1" != end ] && [ -n "$_et_cpu_before$_et_marked" ]; then
			_et_cpu
			_et_used="${_et_mark}m$_et_began $(_et_now_s)"
			[ -z "$_et_cpu_now" ] || _et_used="$_et_used${_et_mark}c$_et_cpu_before${_et_mark}C$_et_cpu_now"
		else
			_et_used=
		fi
		_et_deliver "$1" </dev/null
		[ "$1" != end ] || [ -z "${_et_marked-}" ] || command rm -f "$_et_spool/open/$(_et_marker_name)"
	) || :
}

_et_deliver() {
	_et_places || return 0
	[ "$1" = end ] || _et_whereabouts
	set -- "$1" "$(command date -u '+%s %3N %Y-%m-%dT%H:%M:%S')" "$(_et_random 14)" "$(_et_now_s)"
	[ ${#3} -eq 28 ] || return 0
	_et_text=$(
		ET_EVENT=$1 ET_DATE=$2 ET_RANDOM=$3 ET_NOW=$4 ET_BEGAN=$_et_began ET_FIELDS=$_et_fields ET_FLAG=$_et_flag \
			ET_KEY=$_et_key ET_RUN=$_et_run ET_MANIFEST=$_et_manifest ET_CONSENT=$_et_config/consent \
			ET_POLICY=$(_et_readable /etc/et/policy.json) ET_HAS_UPTIME=$([ -r /proc/uptime ] && printf 1) \
			ET_HERE=$(pwd -P) ET_USED=$_et_used ET_REST=$_et_rest ET_MARKED=${_et_marked-} ET_HOST=$_et_host ET_PID=$$ \
			ET_STAT=${_et_stat-} ET_MACHINE=${_et_machine-} ET_BOOT=${_et_boot-} ET_SPACES=${_et_spaces-} \
			command awk "$_et_program"
	)
	case $_et_text in
	"queue "*) ;;
	*)
		printf '%s' "$_et_text"
		return 0
		;;
	esac
	_et_text=${_et_text#queue }
	_et_ms=${_et_text%% *}
	_et_text=${_et_text#* }
	# The report's text, the marker's, and what the notice says, which its digest is made of where the flag is the consent.
	_et_notice=${_et_text##*"$_et_mark"}
	_et_text=${_et_text%"$_et_mark"*}
	_et_vanished=${_et_text##*"$_et_mark"}
	_et_text=${_et_text%"$_et_mark"*}
	if [ -n "$_et_notice" ]; then
		_et_digest=$(printf '%s' "$_et_notice" | _et_sha256)
		_et_digest=$(printf '%.64s' "$_et_digest")
		_et_text=${_et_text%%"$_et_place"*}$_et_digest${_et_text#*"$_et_place"}
		_et_vanished=${_et_vanished%%"$_et_place"*}$_et_digest${_et_vanished#*"$_et_place"}
	fi
	_et_put "$_et_ms-$_et_host-$$-$(printf '%.8s' "$_et_run")${3#????????????????????}.json" "$_et_text"
}

_et_place=$(printf '\002')

# The marker of a run has the name of a report of its start; its random digits come of the run's key.
_et_marker_name() {
	printf '%s-%s-%s-%.8s%.8s.json' "$_et_marked" "$_et_host" "$$" "$_et_run" "$_et_rest"
}

# Leaves what is reported of the run if nothing is heard of it any more, or writes it anew with what is known by now. Not
# synced: after a power failure the run is gone, too.
_et_leave_marker() {
	if [ -z "${_et_marked-}" ]; then
		_et_marked=$_et_ms
		[ -d "$_et_spool/open" ] || command mkdir -p "$_et_spool/open" || return 0
	else
		# Its user may have withdrawn, or forgotten the run.
		[ -e "$_et_spool/open/$(_et_marker_name)" ] || return 0
	fi
	set -- "$(_et_marker_name)"
	if { printf '%s\n' "$_et_vanished" >"$_et_spool/tmp/$1.tmp"; }; then
		command mv -f "$_et_spool/tmp/$1.tmp" "$_et_spool/open/$1"
	else
		command rm -f "$_et_spool/tmp/$1.tmp"
	fi
}

# Which process this is, so that another can tell later whether it lives. What a system does not tell is left empty.
_et_whereabouts() {
	_et_machine= _et_boot=
	{ read -r _et_machine </etc/machine-id; } 2>/dev/null
	[ -z "$_et_machine" ] || _et_machine=$(printf '%s' "$_et_machine" | _et_sha256)
	{ read -r _et_boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
	{ read -r _et_stat </proc/$$/stat; } 2>/dev/null || _et_stat=
	_et_spaces=$(command ls -ld /proc/$$/ns/pid /proc/$$/ns/time)
}

# Whether a file is there, and can be read: "no", "yes", or "unreadable".
_et_readable() {
	if [ -r "$1" ] && [ ! -d "$1" ]; then
		printf yes
	elif [ -e "$1" ] || [ -L "$1" ] || { [ -d "${1%/*}" ] && [ ! -x "${1%/*}" ]; }; then
		printf unreadable
	else
		printf no
	fi
}

# The folders of this user, as docs/spool-format.md has them.
_et_places() {
	_et_home=${HOME-}
	_et_spool=${ET_SPOOL-}
	_et_config=${ET_CONFIG-}
	case ${XDG_STATE_HOME-} in
	/*) _et_state_home=$XDG_STATE_HOME/et ;;
	*) _et_state_home=${_et_home:+$_et_home/.local/state/et} ;;
	esac
	case ${XDG_CONFIG_HOME-} in
	/*) _et_config_home=$XDG_CONFIG_HOME/et ;;
	*) _et_config_home=${_et_home:+$_et_home/.config/et} ;;
	esac
	if [ -d /System/Library ] && [ ! -d /proc ] && [ -n "$_et_home" ]; then
		case ${XDG_STATE_HOME-} in /*) ;; *) _et_state_home="$_et_home/Library/Application Support/et" ;; esac
		case ${XDG_CONFIG_HOME-} in /*) ;; *) _et_config_home="$_et_home/Library/Application Support/et" ;; esac
	fi
	[ -n "$_et_spool" ] || _et_spool=${_et_state_home:+$_et_state_home/spool}
	[ -n "$_et_config" ] || _et_config=$_et_config_home
	[ -n "$_et_spool" ] && [ -n "$_et_config" ] || return 1
	case $_et_spool in /*) ;; *) _et_spool=$PWD/$_et_spool ;; esac
	case $_et_config in /*) ;; *) _et_config=$PWD/$_et_config ;; esac
}

# maildir's delivery: a file of its own in tmp/, synced, renamed into new/, and new/ synced.
_et_put() {
	if [ ! -d "$_et_spool/new" ] || [ ! -d "$_et_spool/tmp" ]; then
		command mkdir -p "$_et_spool" && command mkdir -p "$_et_spool/tmp" "$_et_spool/new" || return 0
		_et_sync "$_et_spool" "${_et_spool%/*}"
	fi
	# Its user's own, and not for others to write.
	[ -O "$_et_spool" ] || return 0
	case $(command ls -ldL "$_et_spool") in
	d????-??-*) ;;
	*) return 0 ;;
	esac
	# noclobber makes the file with O_EXCL.
	if { printf '%s\n' "$2" >"$_et_spool/tmp/$1"; } && _et_sync "$_et_spool/tmp/$1" &&
		command mv -f "$_et_spool/tmp/$1" "$_et_spool/new/$1"; then
		_et_sync "$_et_spool/new"
		[ -z "$_et_vanished" ] || _et_leave_marker
		printf 'queued %s' "$_et_ms"
	else
		command rm -f "$_et_spool/tmp/$1"
	fi
}

# The end of the script. What it had set itself is left alone, and runs after.
_et_traps() {
	_et_had=
	if [ -n "${BASH_VERSION-}" ]; then
		# A subshell of bash tells the script's traps as its own until it has set or reset one.
		[ "${BASH_SUBSHELL-0}" = 0 ] || trap - URG
		_et_had=$(trap)
	elif [ -d "${_et_spool_tmp:=$(_et_places && printf '%s' "$_et_spool/tmp")}" ]; then
		# Other shells tell their traps only where no other shell is in between.
		_et_list=$_et_spool_tmp/.traps-$$-$(_et_random 4)
		{ trap >"$_et_list"; } 2>/dev/null || return 0
		_et_had=$(command cat "$_et_list")
		command rm -f "$_et_list"
	else
		return 0
	fi
	case $_et_had in
	*_et_at_exit*) ;; # Of a run before: what the script had is kept already.
	*" EXIT"* | *" 0"*) _et_keep_exit || return 0 ;;
	*) _et_old_exit= ;;
	esac
	_et_owner=${BASHPID-}
	trap '{ _et_code=$? _et_last=${BASH_COMMAND-}; } 2>/dev/null; if { _et_at_exit; } 2>/dev/null; then eval "$_et_old_exit"; else eval "$_et_old_exit"; fi' EXIT
	for _et_signal in HUP INT TERM; do
		case $_et_had in
		*" $_et_signal"* | *" SIG$_et_signal"*) continue ;;
		esac
		# bash goes on where the command under way took Ctrl-C for itself; with a trap it could not.
		[ "$_et_signal$([ -n "${BASH_VERSION-}" ] && printf bash)" = INTbash ] && continue
		trap "{ _et_killed $_et_signal; } 2>/dev/null" "$_et_signal"
	done
	if [ -n "${BASH_VERSION-}" ]; then
		case $_et_had in
		*" ERR"*) ;;
		*) trap '{ _et_error $? "$LINENO" "${FUNCNAME-}" "${BASH_SOURCE-}"; } 2>/dev/null' ERR ;;
		esac
	fi
	return 0
}

# The script's own EXIT trap, out of `trap -- 'COMMANDS' EXIT`: quoted as a shell reads it again.
_et_keep_exit() {
	_et_quoted=$(
		printf '%s\n' "$_et_had" | command awk '
			/^trap -- / { text = ""; begun = 1; sub(/^trap -- /, "") }
			begun { text = text (text == "" ? "" : "\n") $0 }
			begun && / (EXIT|0)$/ { sub(/ (EXIT|0)$/, "", text); printf "%s", text; exit }'
	) || return 1
	eval "_et_old_exit=$_et_quoted" 2>/dev/null
}

# Returns the exit code, which a trap of the script's own then finds in $?.
_et_at_exit() {
	# A child of bash that gets a signal right after it was forked runs the traps of its parent.
	if [ "${_et_state-}" = open ] && [ "$_et_owner" = "${BASHPID-}" ]; then
		case $_et_code in
		0) _et_finish ;;
		130) if [ -n "${BASH_VERSION-}" ]; then _et_finish --outcome killed --signal SIGINT; else _et_failed; fi ;;
		*) _et_failed ;;
		esac
	fi
	return "$_et_code"
}

_et_failed() {
	if [ "${_et_error_code-}" = "$_et_code" ]; then
		_et_fields="$_et_fields${_et_mark}e$_et_error_at"
	elif [ -n "${BASH_VERSION-}" ]; then
		eval "$_et_bash_calls"
	fi
	_et_finish --outcome failed --exit-code "$_et_code"
}

# bash alone: where a command failed of which the script may end. Line, function and file, innermost first, with
# slashes between: no name of a file has one.
_et_error() {
	_et_error_code=$1
	_et_error_at="$2 ${3:--} ${4##*/}"
}

# Within a function, bash (without set -E) tells of a failure only at the end, and the line only of the calls.
_et_bash_calls='
	_et_at=2 _et_line=- _et_calls=
	while [ "$_et_at" -lt "${#FUNCNAME[@]}" ]; do
		_et_calls=$_et_calls/"$_et_line ${FUNCNAME[$_et_at]} ${BASH_SOURCE[$_et_at]##*/}"
		_et_line=${BASH_LINENO[$_et_at]}
		_et_at=$((_et_at + 1))
	done
	case ${_et_last-} in
	exit*) ;;
	*) [ "$_et_at" -le 3 ] || _et_fields="$_et_fields${_et_mark}e${_et_calls#/}" ;;
	esac
'

# Dies as it would have died: this shell, of which $$ is not the number where it is a subshell.
_et_killed() {
	trap - EXIT "$1"
	[ "$_et_owner" != "${BASHPID-}" ] || _et_finish --outcome killed --signal "SIG$1"
	kill -s "$1" "$(exec sh -c 'printf %s "$PPID"')"
}

# What a report is, and whether it may be kept: for awk, in bytes.
_et_program='# One report, out of the environment, the manifest and the decision of its user.
# Prints "queue MILLISECONDS ENVELOPE", or in a word why not.
function refuse(why) { printf "%s", why; refused = 1; exit 0 }

# JSON: T holds the type of what stands at a path, V its value, N how many it has, K their names.
function read_json(file, root,   line, text) {
	text = ""
	while ((getline line < file) > 0) text = text line "\n"
	close(file)
	S = text; pos = 1; len = length(S); bad = 0
	parse(root)
	blank()
	return !bad && pos > len
}
function blank() { while (pos <= len && index(" \t\r\n", substr(S, pos, 1)) > 0) pos++ }
function parse(path,   c) {
	blank()
	c = substr(S, pos, 1)
	if (c == "{") return members(path)
	if (c == "[") return elements(path)
	if (c == "\"") { T[path] = "text"; V[path] = text_at(); return }
	if (substr(S, pos, 4) == "true") { T[path] = "flag"; V[path] = "true"; pos += 4; return }
	if (substr(S, pos, 5) == "false") { T[path] = "flag"; V[path] = "false"; pos += 5; return }
	if (substr(S, pos, 4) == "null") { T[path] = "null"; pos += 4; return }
	if (!match(substr(S, pos, 64), /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/)) { bad = 1; return }
	T[path] = "number"; V[path] = substr(S, pos, RLENGTH); pos += RLENGTH
}
function members(path,   key) {
	T[path] = "object"; N[path] = 0; pos++
	blank()
	if (substr(S, pos, 1) == "}") { pos++; return }
	while (!bad) {
		blank()
		if (substr(S, pos, 1) != "\"") { bad = 1; return }
		key = text_at()
		blank()
		if (substr(S, pos, 1) != ":" || ((path "\035" key) in T) || key ~ /[\001-\037]/) { bad = 1; return }
		pos++
		K[path, ++N[path]] = key
		parse(path "\035" key)
		if (bad || ends("}")) return
	}
}
function elements(path) {
	T[path] = "list"; N[path] = 0; pos++
	blank()
	if (substr(S, pos, 1) == "]") { pos++; return }
	while (!bad) {
		parse(path "\035" (++N[path]))
		if (bad || ends("]")) return
	}
}
function ends(bracket,   c) {
	blank()
	c = substr(S, pos, 1)
	pos++
	if (c != bracket && c != ",") bad = 1
	return c == bracket
}
function text_at(   text, c) {
	text = ""; pos++
	while (pos <= len) {
		if (match(substr(S, pos, 512), /^[^"\\\001-\037]+/)) { text = text substr(S, pos, RLENGTH); pos += RLENGTH; continue }
		c = substr(S, pos, 1)
		if (c == "\"") { pos++; return text }
		if (c != "\\") break
		c = substr(S, pos + 1, 1)
		pos += 2
		if (c == "u") text = text unit()
		else if (index("\"\\/bfnrt", c) > 0) text = text substr("\"\\/\b\f\n\r\t", index("\"\\/bfnrt", c), 1)
		else break
		if (bad) return ""
	}
	bad = 1
	return ""
}
# \uXXXX, or a pair of them. Halves of a character and a zero byte are refused.
function unit(   code, low) {
	code = hex(substr(S, pos, 4)); pos += 4
	if (code >= 55296 && code < 56320 && substr(S, pos, 2) == "\\u") {
		low = hex(substr(S, pos + 2, 4)); pos += 6
		if (low < 56320 || low > 57343) { bad = 1; return "" }
		code = 65536 + (code - 55296) * 1024 + low - 56320
	} else if (code < 1 || (code >= 55296 && code <= 57343)) { bad = 1; return "" }
	if (code < 128) return sprintf("%c", code)
	if (code < 2048) return BYTE[192 + int(code / 64)] BYTE[128 + code % 64]
	if (code < 65536) return BYTE[224 + int(code / 4096)] BYTE[128 + int(code / 64) % 64] BYTE[128 + code % 64]
	return BYTE[240 + int(code / 262144)] BYTE[128 + int(code / 4096) % 64] BYTE[128 + int(code / 64) % 64] BYTE[128 + code % 64]
}
function hex(digits,   at, value, digit) {
	value = 0
	if (length(digits) == 0) { bad = 1; return 0 }
	for (at = 1; at <= length(digits); at++) {
		digit = index("0123456789abcdef", tolower(substr(digits, at, 1))) - 1
		if (digit < 0) { bad = 1; return 0 }
		value = value * 16 + digit
	}
	return value
}

# Text as JSON.stringify writes it.
function quoted(text,   at, c, out) {
	if (text !~ /["\\\001-\037]/) return "\"" text "\""
	out = ""
	for (at = 1; at <= length(text); at++) {
		c = substr(text, at, 1)
		if (c == "\"" || c == "\\") out = out "\\" c
		else if (c ~ /[\001-\037]/) out = out (index("\b\f\n\r\t", c) > 0 ? "\\" substr("bfnrt", index("\b\f\n\r\t", c), 1) : sprintf("\\u%04x", ORD[c]))
		else out = out c
	}
	return "\"" out "\""
}
# A number as JSON.stringify writes it: the fewest digits that mean the same.
function number(value,   places, text, sign, digits, point) {
	value += 0
	if (value == 0) return "0"
	if (value == int(value) && value < 1e15 && value > -1e15) return sprintf("%.0f", value)
	for (places = 14; places <= 16; places++) {
		text = sprintf("%." places "e", value)
		if (text + 0 == value) break
	}
	sign = sub(/^-/, "", text) ? "-" : ""
	point = substr(text, index(text, "e") + 1) + 1
	digits = substr(text, 1, index(text, "e") - 1)
	sub(/\./, "", digits)
	sub(/0+$/, "", digits)
	return sign placed(digits, point)
}
function placed(digits, point,   count) {
	count = length(digits)
	if (count <= point && point <= 21) return digits zeros(point - count)
	if (0 < point && point <= 21) return substr(digits, 1, point) "." substr(digits, point + 1)
	if (-6 < point && point <= 0) return "0." zeros(-point) digits
	return substr(digits, 1, 1) (count > 1 ? "." substr(digits, 2) : "") "e" (point > 0 ? "+" : "-") (point > 0 ? point - 1 : 1 - point)
}
function zeros(count,   text) { text = ""; while (count-- > 0) text = text "0"; return text }
function is_number(text) { return text ~ /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/ && text + 0 < 1e308 && text + 0 > -1e308 }
function is_whole(text) { return is_number(text) && text + 0 == int(text + 0) && text + 0 <= 9007199254740991 && text + 0 >= -9007199254740991 }

# Scrubbing: no paths, addresses, or characters that a terminal obeys.
function utf8(text,   at, c, n, out, more, rest) {
	if (text !~ /[\200-\377]/) return text
	out = ""
	for (at = 1; at <= length(text); at += n) {
		c = substr(text, at, 1); n = 1
		if (c < "\200") { out = out c; continue }
		more = c ~ /[\302-\337]/ ? 1 : c ~ /[\340-\357]/ ? 2 : c ~ /[\360-\364]/ ? 3 : 0
		rest = substr(text, at + 1, more)
		if (more == 0 || length(rest) < more || rest ~ /[^\200-\277]/ || (c == "\355" && rest ~ /^[\240-\277]/) || (c == "\340" && rest ~ /^[\200-\237]/) || (c == "\360" && rest ~ /^[\200-\217]/) || (c == "\364" && rest ~ /^[\220-\277]/)) out = out "\357\277\275"
		else { out = out c rest; n = more + 1 }
	}
	return out
}
function plain(text, most,   at, count) {
	text = utf8(trimmed(text))
	if (length(text) > most) {
		count = 0
		for (at = 1; at <= length(text); at++) if (substr(text, at, 1) !~ /[\200-\277]/ && ++count > most) break
		text = substr(text, 1, at - 1)
	}
	gsub(/[\001-\037\177]|\302[\200-\237]|\342\200[\213-\217\250-\256]|\342\201[\240-\251]|\357\273\277/, " ", text)
	return trimmed(text)
}
function trimmed(text) {
	sub(/^([ \t\n\013\f\r]|\302\240|\343\200\200)+/, "", text)
	sub(/([ \t\n\013\f\r]|\302\240|\343\200\200)+$/, "", text)
	return text
}
function base_name(text) { sub(/^.*[\/\\]/, "", text); return text }
function label(text) {
	if (text !~ /[\/\\]/) return plain(text, 128)
	text = trimmed(text)
	sub(/[ \t\n\013\f\r].*$/, "", text)
	return text ~ /:\/\// ? "[url]" : plain(base_name(text), 128)
}
function free_text(text) {
	if (length(text) > 1024) { text = substr(text, 1, 1024); sub(/[^ \t\n\013\f\r]+$/, "", text) }
	gsub(/[A-Za-z][A-Za-z0-9+.-]*:\/\/[^ \t\n\013\f\r"\047<>]*/, "[url]", text)
	gsub(/[^ \t\n\013\f\r@"\047<>()]+@[^ \t\n\013\f\r@"\047<>()]+/, "[email]", text)
	gsub(/([A-Za-z]:)?[^ \t\n\013\f\r"\047<>:;,=()]*[\/\\][^ \t\n\013\f\r"\047<>:;,=()]*/, "[path]", text)
	return plain(text, 512)
}

# The manifest, and what a user agrees to: JSON with sorted keys.
function is_name(text) { return length(text) <= 64 && text ~ /^[A-Za-z0-9][A-Za-z0-9._-]*$/ }
function is_text(path, most) { return T[path] == "text" && trimmed(V[path]) != "" && units(V[path]) <= most }
function units(text,   count) { count = gsub(/[\360-\364]/, "&", text); return length(text) - gsub(/[\200-\277]/, "", text) + count }
function only(path, known,   at) {
	for (at = 1; at <= N[path]; at++) if (index(known, " " K[path, at] " ") == 0) refuse("invalid_manifest")
}
function must(is_so) { if (!is_so) refuse("invalid_manifest") }
function endpoint_ok(text,   host) {
	if (text !~ /^https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?(\/[^ \t\n\013\f\r?#\\]*)?$/) return 0
	if (text ~ /^https:/) return 1
	host = text
	sub(/^http:\/\//, "", host)
	sub(/(:[0-9]+)?(\/.*)?$/, "", host)
	return tolower(host) == "localhost" || host ~ /^127\.[0-9]+\.[0-9]+\.[0-9]+$/ || text ~ /^http:\/\/\[::1\]/
}
function check_entries(root, what,   path, at, key, at_key) {
	path = root "\035" what
	if (T[path] == "" || T[path] == "null") { N[path] = 0; return }
	must(T[path] == "object" && N[path] <= 64)
	for (at = 1; at <= N[path]; at++) {
		key = K[path, at]; at_key = path "\035" key
		must((is_name(key) || (what == "data" && key == "*")) && T[at_key] == "object" && is_text(at_key "\035why", 512))
		if (what == "inputs") { only(at_key, " unit why "); must(is_text(at_key "\035unit", 128)) }
		else { only(at_key, " type why "); must(T[at_key "\035type"] == "text" && V[at_key "\035type"] ~ /^(integer|number|string|boolean)$/) }
	}
}
function check_manifest(m,   n) {
	must(T[m] == "object" && T[m "\035et"] == "number" && V[m "\035et"] + 0 == 1)
	only(m, " et project endpoint notice inputs data sample ")
	must(T[m "\035project"] == "text" && is_name(V[m "\035project"]) && T[m "\035endpoint"] == "text" && endpoint_ok(V[m "\035endpoint"]))
	sub(/\/+$/, "", V[m "\035endpoint"])
	if (T[m "\035sample"] == "" || T[m "\035sample"] == "null") V[m "\035sample"] = 1
	else must(T[m "\035sample"] == "number")
	must(V[m "\035sample"] + 0 >= 1e-9 && V[m "\035sample"] + 0 <= 1)
	n = m "\035notice"
	must(T[n] == "object")
	only(n, " version purpose contact retention url addresses ")
	must(T[n "\035version"] == "number" && V[n "\035version"] ~ /^[1-9][0-9]*$/ && length(V[n "\035version"]) <= 15)
	must(is_text(n "\035purpose", 512) && is_text(n "\035contact", 512) && is_text(n "\035retention", 512))
	must(V[n "\035retention"] ~ /^P([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?$/ && V[n "\035retention"] != "P")
	if (T[n "\035url"] == "" || T[n "\035url"] == "null") url = "null"
	else { must(T[n "\035url"] == "text" && V[n "\035url"] ~ /^https?:\/\/./); url = quoted(V[n "\035url"]) }
	if (T[n "\035addresses"] == "" || T[n "\035addresses"] == "null") V[n "\035addresses"] = "full"
	else must(T[n "\035addresses"] == "text")
	must(V[n "\035addresses"] ~ /^(full|truncated|hashed|none)$/)
	check_entries(m, "inputs")
	check_entries(m, "data")
}
# Keys that are indices of an array come first in JavaScript, as numbers.
function is_index(key) { return key ~ /^(0|[1-9][0-9]*)$/ && key + 0 < 4294967295 }
function before(a, b) {
	if (is_index(a) && is_index(b)) return a + 0 < b + 0
	if (is_index(a) != is_index(b)) return is_index(a)
	return (a "x") < (b "x") && a != b ? (a "") < (b "") : (a "") < (b "")
}
function entries_text(path, first, second,   count, at, to, keys, out) {
	count = N[path]
	for (at = 1; at <= count; at++) {
		for (to = at; to > 1 && before(K[path, at], keys[to - 1]); to--) keys[to] = keys[to - 1]
		keys[to] = K[path, at]
	}
	out = ""
	for (at = 1; at <= count; at++) out = out (at > 1 ? "," : "") quoted(keys[at]) ":{\"" first "\":" quoted(V[path "\035" keys[at] "\035" first]) ",\"" second "\":" quoted(V[path "\035" keys[at] "\035" second]) "}"
	return "{" out "}"
}
function consent_text(m,   n) {
	n = m "\035notice\035"
	return "{\"data\":" entries_text(m "\035data", "type", "why") ",\"endpoint\":" quoted(V[m "\035endpoint"]) ",\"et\":1,\"inputs\":" entries_text(m "\035inputs", "unit", "why") ",\"notice\":{\"addresses\":" quoted(V[n "addresses"]) ",\"contact\":" quoted(V[n "contact"]) ",\"purpose\":" quoted(V[n "purpose"]) ",\"retention\":" quoted(V[n "retention"]) ",\"url\":" url ",\"version\":" V[n "version"] "},\"project\":" quoted(V[m "\035project"]) "}"
}

# Consent, in the order of docs/consent.md.
function is_on(value) { value = tolower(trimmed(value)); return value != "" && value !~ /^(0|false|no|off)$/ }
function texts(path,   at) {
	if (T[path] != "list") return 0
	for (at = 1; at <= N[path]; at++) if (T[path "\035" at] != "text") return 0
	return 1
}
function leave_out(path,   at) { for (at = 1; at <= N[path]; at++) without[V[path "\035" at]] = 1 }
function check_policy(endpoint,   at, allowed, one) {
	if (ENVIRON["ET_POLICY"] == "no") return
	if (ENVIRON["ET_POLICY"] != "yes" || !read_json("/etc/et/policy.json", "p") || T["p"] != "object") refuse("site_policy")
	if (T["p\035deny"] != "" && !(T["p\035deny"] == "flag" && V["p\035deny"] == "false")) refuse("site_policy")
	if (T["p\035without"] != "") { if (!texts("p\035without")) refuse("site_policy"); leave_out("p\035without") }
	if (T["p\035endpoints"] == "" || T["p\035endpoints"] == "null") return
	if (!texts("p\035endpoints")) refuse("site_policy")
	allowed = 0
	for (at = 1; at <= N["p\035endpoints"]; at++) { one = V["p\035endpoints\035" at]; sub(/\/+$/, "", one); if (one == endpoint) allowed = 1 }
	if (!allowed) refuse("site_policy")
}
function has_text(path) { return T[path] == "text" && V[path] != "" }
function grant_ok(g) {
	if (T[g] != "object" || !has_text(g "\035id") || !has_text(g "\035endpoint") || !has_text(g "\035text") || !has_text(g "\035notice\035digest")) return 0
	if (T[g "\035notice\035version"] != "number" || V[g "\035notice\035version"] !~ /^-?[0-9]+$/) return 0
	if (T[g "\035without"] != "" && !texts(g "\035without")) return 0
	if (T[g "\035review"] == "") return 1
	return T[g "\035review\035approve"] == "flag" && T[g "\035review\035delay_s"] == "number" && V[g "\035review\035delay_s"] + 0 >= 0
}
# Sets `granted` where the grant allows the report, and `flagged` where the flag of the script does.
function decide(project, text,   file, state, mode) {
	if (is_on(ENVIRON["DO_NOT_TRACK"])) refuse("do_not_track")
	if (is_on(ENVIRON["ET_DISABLED"])) refuse("et_disabled")
	file = ENVIRON["ET_CONSENT"] "/" project ".json"
	mode = ""
	if (is_there(file)) {
		if (!read_json(file, "c") || T["c"] != "object" || V["c\035et"] + 0 != 1 || T["c\035et"] != "number") refuse("consent_unreadable")
		mode = T["c\035mode"] == "text" ? V["c\035mode"] : "none"
		if (mode !~ /^(granted|local|denied|withdrawn)$/ || V["c\035project"] != project || T["c\035project"] != "text") refuse("consent_unreadable")
		if (T["c\035since"] != "text" || V["c\035since"] !~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T.*Z$/) refuse("consent_unreadable")
		if (mode ~ /^(granted|local)$/ && !grant_ok("c\035grant")) refuse("consent_unreadable")
	}
	if (mode == "denied") refuse("denied")
	if (mode ~ /^(granted|local)$/) leave_out("c\035grant\035without")
	granted = mode ~ /^(granted|local)$/
	covers = granted && V["c\035grant\035text"] == text
	flagged = ENVIRON["ET_FLAG"] != "" && !(covers && mode == "granted")
	if (!flagged && !granted) refuse(mode == "withdrawn" ? "withdrawn" : "no_decision")
	if (!flagged && !covers) cover()
}
# What is kept while the notice of the script waits for an answer: what it and the agreed one both name, as was agreed.
function cover(   at, key, path, both, with_any) {
	S = V["c\035grant\035text"]; pos = 1; len = length(S); bad = 0
	parse("a")
	if (bad || T["a"] != "object" || T["a\035inputs"] != "object" || T["a\035data"] != "object") refuse("consent_unreadable")
	for (at = 1; at <= N["m\035inputs"]; at++) {
		path = "inputs\035" K["m\035inputs", at]
		if (T["a\035" path] != "object" || V["a\035" path "\035unit"] != V["m\035" path "\035unit"]) T["m\035" path] = ""
	}
	with_any = 1
	for (at = 1; at <= N["m\035data"]; at++) {
		key = K["m\035data", at]; path = "data\035" key
		both = T["a\035" path] == "object"
		if (both && V["a\035" path "\035type"] != V["m\035" path "\035type"]) { T["m\035" path] = ""; with_any = 0; refused_key[key] = 1 }
		else if (!both && T["a\035data\035*"] != "object") gone[path] = 1
	}
	for (at = 1; at <= N["a\035data"]; at++) {
		key = K["a\035data", at]; path = "data\035" key
		if (key == "*" || T["m\035" path] == "object" || (key in refused_key) || T["m\035data\035*"] != "object") continue
		T["m\035" path] = "object"; V["m\035" path "\035type"] = V["a\035" path "\035type"]
	}
	for (path in gone) T["m\035" path] = ""
	if (!with_any || T["a\035data\035*"] != "object") T["m\035data\035*"] = ""
	endpoint = V["c\035grant\035endpoint"]
	V["m\035notice\035version"] = V["c\035grant\035notice\035version"]
}
# Where there is no file, there is no decision; what cannot be read means no.
function is_there(file,   line, state) {
	state = (getline line < file)
	close(file)
	if (state > 0) return 1
	return system("[ -e \"$ET_CONSENT/" project "\".json ] || [ -L \"$ET_CONSENT/" project "\".json ] || { [ -d \"$ET_CONSENT\" ] && [ ! -x \"$ET_CONSENT\" ]; }") == 0
}

# What was given, by kind: fields of F, inputs and data in the order in which they were given.
function take(given,   parts, count, at, kind, rest, name, value) {
	count = split(given, parts, "\001")
	for (at = 1; at <= count; at++) {
		kind = substr(parts[at], 1, 1); rest = substr(parts[at], 2)
		if (kind == "m") { split(rest, wall, " "); continue }
		if (kind == "c" || kind == "C") { split(rest, cpu, " "); for (name = 12; name <= 15; name++) CPU[kind, name] = cpu[name]; has_cpu = 1; continue }
		if (kind == "e") { error_at = rest; continue }
		if (index(rest, "=") == 0) continue
		name = substr(rest, 1, index(rest, "=") - 1); value = substr(rest, index(rest, "=") + 1)
		if (kind == "f") F[name] = value
		else if (kind == "i") { if (!(name in I)) I_name[++inputs] = name; I[name] = value }
		else if (kind == "d") { if (!(name in D)) D_name[++data] = name; D[name] = value }
	}
}
function seconds(value) { return sprintf("%.2f", value < 0 ? 0 : value) }
function measured(   by) {
	by = ""
	if (wall[2] != "") { F["wall_s"] = seconds(wall[2] - wall[1]); method["wall_s"] = ENVIRON["ET_HAS_UPTIME"] != "" ? "uptime" : "date" }
	if (!has_cpu) return
	F["cpu_user_s"] = seconds((CPU["C", 12] + CPU["C", 14] - CPU["c", 12] - CPU["c", 14]) / 100)
	F["cpu_system_s"] = seconds((CPU["C", 13] + CPU["C", 15] - CPU["c", 13] - CPU["c", 15]) / 100)
	method["cpu_user_s"] = method["cpu_system_s"] = "times"
}
function amount(name) { return !(name in without) && is_number(F[name]) && F[name] + 0 >= 0 ? number(F[name]) : "null" }
function count_of(name) { return !(name in without) && is_number(F[name]) && F[name] + 0 >= 0 && F[name] + 0 <= 9007199254740991 ? number(int(F[name] + 0.5)) : "null" }
function text_of(name,   text) { text = (name in without) ? "" : label(F[name]); return text == "" ? "null" : quoted(text) }
function word_of(name, pattern) { return !(name in without) && F[name] ~ pattern ? quoted(F[name]) : "null" }
function methods(   names, count, at, out) {
	out = ""
	if ("measured_by" in without) return "{}"
	count = split("wall_s cpu_user_s cpu_system_s", names, " ")
	for (at = 1; at <= count; at++) if ((names[at] in method) && !(names[at] in without)) out = out (out == "" ? "" : ",") "\"" names[at] "\":\"" method[names[at]] "\""
	return "{" out "}"
}
function inputs_text(   at, name, out, path) {
	out = ""
	if ("inputs" in without) return "[]"
	for (at = 1; at <= inputs; at++) {
		name = I_name[at]; path = "m\035inputs\035" name
		if (T[path] != "object" || (("inputs." name) in without)) continue
		out = out (out == "" ? "" : ",") "{\"name\":" quoted(name) ",\"unit\":" quoted(V[path "\035unit"]) ",\"size\":" (is_number(I[name]) && I[name] + 0 >= 0 ? number(I[name]) : "null") "}"
	}
	return "[" out "]"
}
function data_value(type, value) {
	if (type == "integer") return is_whole(value) ? number(value) : ""
	if (type == "number") return is_number(value) ? number(value) : ""
	if (type == "boolean") return value ~ /^(true|false)$/ ? value : ""
	if (type == "string") return quoted(free_text(value))
	if (is_number(value)) return number(value)
	return value ~ /^(true|false)$/ ? value : quoted(free_text(value))
}
function data_text(   at, to, name, out, path, value, kept, keys, texts_of, any) {
	if ("data" in without) return "{}"
	any = T["m\035data\035*"] == "object"; kept = 0
	for (at = 1; at <= data; at++) {
		name = D_name[at]; path = "m\035data\035" name; value = ""
		if (name != "*" && T[path] == "object") value = data_value(V[path "\035type"], D[name])
		else if (any && is_name(name)) value = data_value("any", D[name])
		if (value == "" || kept == 64 || (("data." name) in without)) continue
		kept++
		for (to = kept; to > 1 && is_index(name) && before(name, keys[to - 1]); to--) keys[to] = keys[to - 1]
		keys[to] = name; texts_of[name] = value
	}
	out = ""
	for (at = 1; at <= kept; at++) out = out (at > 1 ? "," : "") quoted(keys[at]) ":" texts_of[keys[at]]
	return "{" out "}"
}
function exception_text(   calls, count, at, parts, out, file) {
	if (error_at == "" || ("exception" in without)) return "null"
	count = split(error_at, calls, "/"); out = ""
	for (at = 1; at <= count && at <= 32; at++) {
		split(calls[at], parts, " ")
		file = label(substr(calls[at], length(parts[1]) + length(parts[2]) + 3))
		out = out (at > 1 ? "," : "") "{\"file\":" quoted(file == "" ? "?" : file) ",\"line\":" (parts[1] ~ /^[0-9]+$/ ? number(parts[1]) : "null")
		out = out ",\"function\":" (parts[2] == "-" || parts[2] == "main" ? "null" : quoted(label(parts[2]))) "}"
	}
	return "{\"type\":\"CommandFailed\",\"frames\":[" out "]}"
}
BEGIN {
	for (code = 1; code < 256; code++) { BYTE[code] = sprintf("%c", code); ORD[BYTE[code]] = code }
	if (!read_json(ENVIRON["ET_MANIFEST"], "m")) refuse("invalid_manifest")
	check_manifest("m")
	project = V["m\035project"]; endpoint = V["m\035endpoint"]; sample = V["m\035sample"] + 0
	agreed = consent_text("m")
	decide(project, agreed)
	check_policy(endpoint)
	if (hex(substr(ENVIRON["ET_RUN"], 1, 8)) / 4294967296 >= sample) refuse("sampled_out")
	take(ENVIRON["ET_FIELDS"])
	measured()
	split(ENVIRON["ET_DATE"], date, " ")
	if (date[2] !~ /^[0-9][0-9][0-9]$/) date[2] = "000"
	if (length(date[1]) != 10 || date[1] ~ /[^0-9]/) refuse("internal_error")
	ms = date[1] date[2]
	random = ENVIRON["ET_RANDOM"]
	stamp = stamp_of(ms)
	id = uuid(stamp, random)
	if (F["exit_code"] !~ /^-?[0-9]+$/ || F["exit_code"] + 0 >= 4294967296 || F["exit_code"] + 0 < -2147483648) F["exit_code"] = ""
	since = ENVIRON["ET_BEGAN"] == "" || ENVIRON["ET_EVENT"] == "report" ? "" : seconds(ENVIRON["ET_NOW"] - ENVIRON["ET_BEGAN"])
	place()
	report = report_text(id, ENVIRON["ET_EVENT"])
	if (length(report) > 65536) refuse("too_large")
	printf "queue %s %s\001", ms, envelope_text(report)
	if (ENVIRON["ET_EVENT"] != "end") {
		take(ENVIRON["ET_USED"])
		measured()
		F["outcome"] = "unknown"
		stamp = ENVIRON["ET_MARKED"] == "" ? stamp : stamp_of(ENVIRON["ET_MARKED"])
		printf "%s", marker_text(report_text(uuid(stamp, ENVIRON["ET_REST"]), "vanished"))
	}
	printf "\001%s", flagged ? agreed : ""
}
function stamp_of(ms,   rest, stamp) {
	stamp = ""
	for (rest = ms + 0; length(stamp) < 12; rest = int(rest / 16)) stamp = substr("0123456789abcdef", rest % 16 + 1, 1) stamp
	return stamp
}
# A UUID of version 7 (RFC 9562).
function uuid(stamp, random,   variant) {
	variant = substr("89ab", (index("0123456789abcdef", substr(random, 4, 1)) - 1) % 4 + 1, 1)
	return substr(stamp, 1, 8) "-" substr(stamp, 9, 4) "-7" substr(random, 1, 3) "-" variant substr(random, 5, 3) "-" substr(random, 8, 12)
}
function report_text(id, event,   report) {
	report = "{\"id\":\"" id "\",\"run_id\":\"" ENVIRON["ET_RUN"] "\",\"event\":\"" event "\",\"project\":" quoted(project)
	report = report ",\"command\":" text_of("command") ",\"version\":" text_of("version") ",\"manifest_notice\":" V["m\035notice\035version"]
	report = report ",\"occurred_at\":\"" date[3] "." date[2] "Z\",\"since_start_s\":" (since == "" || ("since_start_s" in without) ? "null" : number(since))
	report = report ",\"test\":" (F["test"] == "true" ? "true" : "false") ",\"platform\":" word_of("platform", platforms) ",\"platform_inner\":" ("platform" in without ? "null" : word_of("platform_inner", platforms))
	report = report ",\"outcome\":" word_of("outcome", "^(ok|failed|killed|unknown)$") ",\"exit_code\":" (F["exit_code"] == "" || ("exit_code" in without) ? "null" : number(F["exit_code"]))
	report = report ",\"signal\":" word_of("signal", "^SIG[A-Z0-9+]+$") ",\"wall_s\":" amount("wall_s") ",\"cpu_user_s\":" amount("cpu_user_s") ",\"cpu_system_s\":" amount("cpu_system_s")
	report = report ",\"max_rss_bytes\":" count_of("max_rss_bytes") ",\"threads\":" count_of("threads") ",\"read_bytes\":null,\"written_bytes\":null,\"measured_by\":" methods()
	report = report ",\"limits\":" limits_text() ",\"kill_reason\":null,\"weight\":" number(1 / sample) ",\"inputs\":" inputs_text() ",\"exception\":" exception_text() ",\"data\":" data_text() "}"
	return report
}
function envelope_text(report,   g, envelope) {
	g = "c\035grant\035"
	envelope = "{\"et\":1,\"endpoint\":" quoted(endpoint) ",\"notice\":{\"version\":" (flagged ? V["m\035notice\035version"] : V[g "notice\035version"]) ",\"digest\":"
	envelope = envelope (flagged ? "\"\002\"" : quoted(V[g "notice\035digest"])) "},\"grant\":" (flagged ? "\"flag\"" : quoted(V[g "id"]))
	return envelope ",\"hold\":" (!flagged && V[g "review\035approve"] == "true" ? "\"approve\"" : "null") ",\"erase_key\":\"" ENVIRON["ET_KEY"] "\",\"report\":" report "}"
}

# What a run leaves of which nothing is heard any more: docs/spool-format.md.
function or_null(text) { return text == "" ? "null" : quoted(text) }
function marker_text(report,   parts, count, ticks, spaces, pid_ns, time_ns) {
	count = split(ENVIRON["ET_STAT"], parts, ")")
	ticks = ENVIRON["ET_STAT"] ~ ("^" ENVIRON["ET_PID"] " ") ? parts[count] : ""
	count = split(ticks, parts, " ")
	ticks = count >= 20 && parts[20] ~ /^[0-9]+$/ ? parts[20] : "null"
	pid_ns = time_ns = ENVIRON["ET_SPACES"]
	if (!sub(/^.*\/ns\/pid -> /, "", pid_ns)) pid_ns = ""
	sub(/\n.*$/, "", pid_ns)
	if (!sub(/^.*\/ns\/time -> /, "", time_ns)) time_ns = ""
	sub(/\n.*$/, "", time_ns)
	spaces = ",\"pid_ns\":" or_null(pid_ns) ",\"time_ns\":" or_null(time_ns)
	return "{\"et\":1,\"host\":" quoted(ENVIRON["ET_HOST"]) ",\"machine\":" or_null(substr(ENVIRON["ET_MACHINE"], 1, 12)) ",\"boot_id\":" or_null(ENVIRON["ET_BOOT"]) spaces ",\"processes\":[{\"pid\":" ENVIRON["ET_PID"] ",\"start_ticks\":" ticks "}],\"job\":" job_text() ",\"oom\":" kills_text() ",\"seen_at\":\"" date[3] "." date[2] "Z\",\"gone\":null,\"envelope\":" envelope_text(report) "}"
}
# A job of Slurm, which can be asked what became of it: sbatch(1).
function job_text(   job, cluster) {
	job = ENVIRON["SLURM_JOB_ID"]
	if (("SLURM_ARRAY_JOB_ID" in ENVIRON) && ("SLURM_ARRAY_TASK_ID" in ENVIRON)) job = ENVIRON["SLURM_ARRAY_JOB_ID"] "_" ENVIRON["SLURM_ARRAY_TASK_ID"]
	if (job !~ /^[0-9]+(_[0-9]+)?$/) return "null"
	cluster = ENVIRON["SLURM_CLUSTER_NAME"]
	return "{\"scheduler\":\"slurm\",\"id\":\"" job "\",\"cluster\":" or_null(cluster ~ /^[A-Za-z0-9_.-]+$/ ? cluster : "") "}"
}
# How often the kernel has killed for want of memory where this process is: cgroups(7), of both versions.
function kills_text(   line, parts, path, found) {
	found = ""
	while (found == "" && (getline line < "/proc/self/cgroup") > 0) {
		split(line, parts, ":")
		path = substr(line, length(parts[1]) + length(parts[2]) + 3)
		if (path == "/") path = ""
		if (parts[2] == "") { found = kills_in("/sys/fs/cgroup" path "/memory.events"); if (found == "") found = kills_in("/sys/fs/cgroup/unified" path "/memory.events") }
		else if (("," parts[2] ",") ~ /,memory,/) found = kills_in("/sys/fs/cgroup/memory" path "/memory.oom_control")
	}
	close("/proc/self/cgroup")
	return found == "" ? "null" : found
}
function kills_in(file,   line, found) {
	found = ""
	while ((getline line < file) > 0) if (line ~ /^oom_kill [0-9]+$/) found = "{\"file\":" quoted(file) ",\"kills\":" substr(line, 10) "}"
	close(file)
	return found
}

# What the run was started by, and what it was given: docs/platforms.md, by variables alone.
function has(name) { return is_on(ENVIRON[name]) }
function any(names,   parts, count, at) {
	count = split(names, parts, " ")
	for (at = 1; at <= count; at++) if (has(parts[at])) return 1
	return 0
}
function all(names,   parts, count, at) {
	count = split(names, parts, " ")
	for (at = 1; at <= count; at++) if (!has(parts[at])) return 0
	return 1
}
function is_file(path,   line, state) { state = (getline line < path); close(path); return state >= 0 }
function add_platform(name, is_so) {
	if (!is_so) return
	here[name] = 1
	if (name == F["platform"]) return
	if (F["platform"] == "") F["platform"] = name
	else if (F["platform_inner"] == "") F["platform_inner"] = name
}
# Fills in platform and limits where the script gave none, outermost first.
function place() {
	platforms = "^(galaxy|slurm|pbs|sge|lsf|nextflow|snakemake|cwl|ci|container)$"
	if (F["platform"] !~ platforms) F["platform"] = ""
	add_platform("ci", any("CI CONTINUOUS_INTEGRATION GITHUB_ACTIONS GITLAB_CI JENKINS_URL BUILDKITE TRAVIS CIRCLECI APPVEYOR TF_BUILD TEAMCITY_VERSION CODEBUILD_BUILD_ID BITBUCKET_BUILD_NUMBER"))
	add_platform("galaxy", any("GALAXY_SLOTS GALAXY_MEMORY_MB _GALAXY_JOB_DIR _GALAXY_JOB_TMP_DIR _GALAXY_JOB_HOME_DIR"))
	add_platform("nextflow", any("NXF_TASK_WORKDIR NXF_BOXID"))
	add_platform("snakemake", all("OMP_NUM_THREADS GOTO_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS VECLIB_MAXIMUM_THREADS NUMEXPR_NUM_THREADS TEMPDIR"))
	# A CWL runner has a tool begin with nothing inherited, and with the working directory for a home.
	add_platform("cwl", all("HOME TMPDIR") && !any("USER LOGNAME") && ENVIRON["HOME"] == ENVIRON["ET_HERE"])
	add_platform("slurm", any("SLURM_JOB_ID SLURM_JOBID"))
	add_platform("pbs", any("PBS_JOBID PBS_ENVIRONMENT"))
	add_platform("sge", all("JOB_ID SGE_TASK_ID"))
	add_platform("lsf", has("LSB_JOBID"))
	add_platform("container", any("container APPTAINER_CONTAINER APPTAINER_NAME SINGULARITY_CONTAINER SINGULARITY_NAME KUBERNETES_SERVICE_HOST") || is_file("/run/.containerenv") || is_file("/.dockerenv"))
}
function whole(name) { return ENVIRON[name] ~ /^[0-9]+$/ && length(ENVIRON[name]) <= 15 ? ENVIRON[name] + 0 : -1 }
function limit(name, platform, value) {
	if (!(platform in here) || value <= 0) return
	if (!(name in least) || value < least[name]) least[name] = value
}
function limit_of(name) { return (name in least) ? number(least[name]) : "null" }
function limits_text(   parts, begun) {
	if ("limits" in without) return "null"
	limit("memory", "galaxy", whole("GALAXY_MEMORY_MB") * 1048576)
	limit("memory", "slurm", whole("SLURM_MEM_PER_NODE") * 1048576)
	if (whole("SLURM_MEM_PER_CPU") > 0) limit("memory", "slurm", whole("SLURM_MEM_PER_CPU") * whole("SLURM_CPUS_ON_NODE") * 1048576)
	begun = whole("SLURM_JOB_START_TIME")
	if (begun >= 0 && whole("SLURM_JOB_END_TIME") - begun < 31536000) limit("wall", "slurm", whole("SLURM_JOB_END_TIME") - begun)
	limit("wall", "pbs", whole("PBS_WALLTIME"))
	limit("cpus", "galaxy", whole("GALAXY_SLOTS"))
	limit("cpus", "snakemake", whole("OMP_NUM_THREADS"))
	limit("cpus", "slurm", whole("SLURM_CPUS_PER_TASK"))
	limit("cpus", "slurm", whole("SLURM_CPUS_ON_NODE"))
	limit("cpus", "pbs", whole("NCPUS"))
	limit("cpus", "pbs", whole("PBS_NUM_PPN"))
	if (ENVIRON["NHOSTS"] == "1") limit("cpus", "sge", whole("NSLOTS"))
	if (split(ENVIRON["LSB_MCPU_HOSTS"], parts, " ") == 2) limit("cpus", "lsf", whole("LSB_DJOB_NUMPROC"))
	if (!("memory" in least) && !("wall" in least) && !("cpus" in least)) return "null"
	return "{\"memory_bytes\":" limit_of("memory") ",\"wall_s\":" limit_of("wall") ",\"cpus\":" limit_of("cpus") "}"
}
'

# Called, and not sourced.
case ${0##*/} in
et.sh)
	if [ "${1-}" = enqueue ] && [ $# -ge 2 ]; then
		_et_manifest=$2 _et_fields='' _et_flag='' _et_began=''
		shift 2
		_et_options "$@"
		_et_identify && _et_report end
	else
		printf 'usage: sh et.sh enqueue MANIFEST [--command NAME] [--input NAME=SIZE]... [--data KEY=VALUE]...\n' >&2
		exit 2
	fi
	;;
esac
