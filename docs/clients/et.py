#!/usr/bin/env python3
"""Reports of a script's runs, left in its user's local spool: Python 3.8 or newer, and its standard library alone.

Ship this file and your et.json beside your script:

    import et

    with et.run(et.beside(__file__), command="align", version="1.2", inputs={"reads": 4000000}) as run:
        ...
        run.data(duplexes=1200)

Without its user's consent nothing is written anywhere. Nothing here raises to the script, prints, opens a socket or
starts a program. docs/spool-format.md of ET says what is written, docs/consent.md when.

The file is a command, too: `python3 et.py --help`.
"""
import os
import sys
import time

# No module is imported here that Python has not loaded already: a script pays for each. What json, hashlib and signal
# are made of costs a tenth of them.

__all__ = ["Result", "Run", "beside", "enqueue", "run", "start_run"]

# Bounds of a report: docs/wire-format.md.
MAX_REPORT_BYTES = 64 * 1024
MAX_ENVELOPE_BYTES = MAX_REPORT_BYTES + 8 * 1024
MAX_LABEL_LENGTH = 128
MAX_TEXT_LENGTH = 512
MAX_ENTRIES = 64
MAX_FRAMES = 32
MAX_SAFE_INTEGER = 2**53 - 1

EVENTS = ("start", "prelim", "end", "vanished")
OUTCOMES = ("ok", "failed", "killed", "unknown")
PLATFORMS = ("galaxy", "slurm", "pbs", "sge", "lsf", "nextflow", "snakemake", "cwl", "ci", "container")
MEASURES = ("wall_s", "cpu_user_s", "cpu_system_s", "max_rss_bytes", "threads", "read_bytes", "written_bytes")
SITE_POLICY = "/etc/et/policy.json"
FLAG_GRANT = "flag"
IMPORT_GRANT = "import"
IS_WINDOWS = sys.platform == "win32"


# What a script calls.


class Result:
    """What became of a report: `status` is "queued", "not_consented" or "dropped", and `reason` says why."""

    __slots__ = ("status", "reason", "detail", "id", "run_id", "path", "stripped")

    def __init__(self, status, reason=None, detail="", id=None, run_id=None, path=None, stripped=()):
        self.status = status
        self.reason = reason
        self.detail = detail
        self.id = id
        self.run_id = run_id
        self.path = path
        self.stripped = stripped

    def __repr__(self):
        told = ((name, getattr(self, name, None)) for name in self.__slots__)
        return "Result(%s)" % ", ".join("%s=%r" % (name, value) for name, value in told if value not in (None, "", ()))


def beside(file, name="et.json"):
    """The path of the et.json that is shipped beside a script: `et.beside(__file__)`. Never raises."""
    try:
        return os.path.join(os.path.dirname(os.path.abspath(file)), name)
    except Exception:
        return name


def enqueue(manifest=None, phone_home=False, erase_key=None, **report):
    """Keeps one report of a run that has ended, and returns a Result. Never raises.

    manifest: the path of your et.json, or its content as a dict.
    phone_home: the user started the script with its `--phone-home`, which is consent for this run alone.
    erase_key: a secret of 32 hexadecimal digits that the reports of one run share where several processes make them.
    report: fields by their names in docs/wire-format.md, such as wall_s=12.5; inputs={...} and data={...}.
    """
    return _never_raising(lambda: _enqueue(manifest, phone_home, report, None, erase_key))


def start_run(manifest=None, **given):
    """Begins a run: says that it started, and measures from here. Never raises.

    Where `end` is not called, the run ends with the process: failed or killed where an exception or a signal ended it,
    and unknown otherwise, since Python does not tell whether a script ended well.
    """
    run = Run(manifest, **given)
    run._begin()
    return run


def run(manifest=None, **given):
    """A run as a context: `with et.run(...) as run:`. Its end, and an exception that ends it, are reported.

    manifest, phone_home, erase_key: as for enqueue.
    command, version, test, platform: of the run. inputs, data: what is known at the start.
    """
    return Run(manifest, **given)


class Run:
    """A run under way. Its methods never raise and never print."""

    def __init__(self, manifest=None, phone_home=False, inputs=None, data=None, erase_key=None, **given):
        self._manifest = manifest
        self._phone_home = phone_home
        self._given = given
        self._erase_key = erase_key
        self._inputs = _copied(inputs)
        self._data = _copied(data)
        self._identity = None
        self._refused = None
        self._pid = None
        self._marker = {}
        self._ended = False
        self._started = time.monotonic()

    @property
    def id(self):
        """The run's public name, or None where it can't be reported."""
        return None if self._identity is None else self._identity["run_id"]

    def input(self, name=None, size=None, **sizes):
        """The size of an input, in the unit that the manifest declares: `run.input("reads", 4000000)`."""
        _note(self._inputs, name, size, sizes)

    def data(self, key=None, value=None, **values):
        """What the manifest declares besides: `run.data("duplexes", 12)` or `run.data(duplexes=12)`."""
        _note(self._data, key, value, values)

    def prelim(self, **figures):
        """Reports what is known before the work, such as the sizes of inputs. Returns a Result."""
        return self._report("prelim", figures)

    def end(self, outcome="ok", **figures):
        """Reports the end: wall time, CPU and peak memory are measured here. Further calls change nothing."""
        return _never_raising(lambda: self._end(dict(figures, outcome=outcome)))

    def __enter__(self):
        self._begin()
        return self

    def __exit__(self, kind, error, trace):
        _never_raising(lambda: self._end(_ending(kind, error, trace)))
        return False

    def _begin(self):
        if self._pid is not None:
            return Result("dropped", "run_begun", "this run has begun before")
        self._pid = os.getpid()
        result = self._refused = _never_raising(self._identify)
        if self._identity is not None:
            self._before = None
            result = self._report("start", {})
            _never_raising(lambda: _watch(self))
        self._started = time.monotonic()
        self._before = _usage()
        return result

    def _identify(self):
        manifest = _declared(self._manifest, _folders())[0]
        self._identity = _identity(manifest, _key(self._erase_key))
        return Result("dropped", "sampled_out", "the author's sampling leaves this run out")

    def _end(self, figures):
        if self._ended:
            return Result("dropped", "run_ended", "this run has ended before")
        if self._pid is None or self._pid != os.getpid():
            return self._report("end", figures)
        self._ended = True
        _open_runs.pop(id(self), None)
        if self._identity is None:
            return self._refused
        used = self._used()
        methods = {measure: method for measure, method in used["measured_by"].items() if measure not in figures}
        methods.update(_copied(figures.get("measured_by")))
        used.update(figures, measured_by=methods)
        result = self._report("end", used)
        _never_raising(lambda: _remove_marker(self._marker))
        return result

    def _used(self):
        return _used_since(self._before, time.monotonic() - self._started)

    def _report(self, event, figures):
        return _never_raising(lambda: self._report_in_own_process(event, figures))

    def _report_in_own_process(self, event, figures):
        if self._pid != os.getpid():
            return Result("dropped", "not_its_process", "this run is another process's, or has not begun")
        if self._identity is None:
            return self._refused
        figures = dict(figures)
        report = dict(self._given)
        report["inputs"] = dict(self._inputs, **_copied(figures.pop("inputs", None)))
        report["data"] = dict(self._data, **_copied(figures.pop("data", None)))
        report.update(figures)
        report["event"] = event
        report["since_start_s"] = round(time.monotonic() - self._started, 6)
        if event == "end":
            return _enqueue(self._manifest, self._phone_home, report, self._identity)
        self._marker["used"] = {} if self._before is None else self._used()
        return _enqueue(self._manifest, self._phone_home, report, self._identity, marker=self._marker)


def _copied(values):
    return dict(values) if isinstance(values, dict) else {}


def _note(notes, name, value, more):
    if isinstance(name, dict):
        notes.update(name)
    elif name is not None:
        notes[name] = value
    notes.update(more)


def _never_raising(work):
    try:
        return work()
    except _ManifestError as error:
        return Result("dropped", "invalid_manifest", str(error))
    except Exception as error:
        try:
            return Result("dropped", "internal_error", "%s: %s" % (type(error).__name__, error))
        except Exception:
            return Result("dropped", "internal_error", "something was raised that can't be shown")


# How a run ends.


def _ending(kind, error, trace):
    """What an exception that leaves a run says of its outcome. Its message stays here."""
    if kind is None:
        return {"outcome": "ok"}
    if issubclass(kind, SystemExit):
        code = getattr(error, "code", None)
        code = 0 if code is None else code if isinstance(code, int) else 1
        return {"outcome": "ok" if code == 0 else "failed", "exit_code": int(code)}
    if issubclass(kind, KeyboardInterrupt):
        return {"outcome": "killed", "signal": "SIGINT"}
    return {"outcome": "failed", "exception": {"type": kind.__name__, "frames": _frames(trace)}}


def _frames(trace):
    """Where it was raised, innermost first, and how it came there: the project's own files alone."""
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        if _is_own_file(code.co_filename):
            file = os.path.basename(code.co_filename)
            frames.append({"file": file, "line": trace.tb_lineno, "function": code.co_name})
        trace = trace.tb_next
    frames.reverse()
    return frames[:MAX_FRAMES]


_NOT_OWN = (os.sep + "site-packages" + os.sep, os.sep + "dist-packages" + os.sep)


def _is_own_file(name):
    if name.startswith("<") or name == _THIS_FILE:
        return False
    path = os.path.abspath(name)
    return not path.startswith(os.path.dirname(os.__file__) + os.sep) and not any(part in path for part in _NOT_OWN)


_THIS_FILE = beside.__code__.co_filename

# Runs that end with the process where nothing else ends them.
_open_runs = {}
_WATCHED_SIGNALS = ("SIGTERM", "SIGHUP")


def _watch(run):
    if not _open_runs:
        import atexit

        atexit.unregister(_end_open_runs)
        atexit.register(_end_open_runs)
        _watch_signals()
    _open_runs[id(run)] = run


def _watch_signals():
    """A handler where there is none: a script's own is left alone, also one that it sets later."""
    import _signal

    for name in _WATCHED_SIGNALS:
        number = getattr(_signal, name, None)
        try:
            if number is not None and _signal.getsignal(number) == _signal.SIG_DFL:
                _signal.signal(number, _killed)
        except ValueError:
            return  # Only the main thread may.
    if not _forks_watched and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_hold_signals, after_in_parent=_let_signals, after_in_child=_leave_signals)
        _forks_watched.append(True)


# A child has no run to end, and dies of its signals at once: multiprocessing ends its workers by SIGTERM, and a worker
# that has forked and not yet begun would lose one to a handler of ours. So they wait until it has none.
_forks_watched = []
_masks = []


def _hold_signals():
    try:
        import _signal

        numbers = [getattr(_signal, name) for name in _WATCHED_SIGNALS]
        ours = [number for number in numbers if _signal.getsignal(number) is _killed]
        _masks.append(_signal.pthread_sigmask(_signal.SIG_BLOCK, ours))
    except Exception:
        _masks.append(None)


def _let_signals():
    mask = _masks.pop() if _masks else None
    if mask is None:
        return
    import _signal

    _signal.pthread_sigmask(_signal.SIG_SETMASK, mask)


def _leave_signals():
    if _masks and _masks[-1] is not None:
        import _signal

        for name in _WATCHED_SIGNALS:
            if _signal.getsignal(getattr(_signal, name)) is _killed:
                _signal.signal(getattr(_signal, name), _signal.SIG_DFL)
    _let_signals()


def _killed(number, frame):
    """Reports, and then dies as it would have died."""
    import _signal

    names = [name for name in _WATCHED_SIGNALS if getattr(_signal, name, None) == number]
    for run in list(_open_runs.values()):
        run.end(outcome="killed", signal=names[0] if names else None)
    _signal.signal(number, _signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _end_open_runs():
    for run in list(_open_runs.values()):
        _never_raising(lambda run=run: run._end(_process_ending()))


def _process_ending():
    """What Python tells an exit handler: an exception that nobody caught, or nothing."""
    error = getattr(sys, "last_value", None)
    if error is None or hasattr(sys, "ps1"):
        return {"outcome": "unknown"}
    ending = _ending(type(error), error, getattr(error, "__traceback__", None))
    if ending["outcome"] == "failed":
        ending["exit_code"] = 1
    return ending


# What the process and its children used.


def _usage():
    """CPU seconds of this process and of its children that were waited for, to a hundredth: (user, system)."""
    times = os.times()
    return times[0] + times[2], times[1] + times[3]


def _peak():
    """The largest memory of any one of this process and of its children that were waited for: (bytes, method)."""
    own = _high_water_mark()
    if own is not None and not _had_children():
        return own, "VmHWM"
    try:
        import resource
    except ImportError:
        return own, "VmHWM"
    unit = 1 if sys.platform == "darwin" else 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    if own is not None:
        return (own, "VmHWM") if children == 0 else (max(own, children), "VmHWM+children")
    return max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, children), "getrusage+children"


def _had_children():
    """Whether any was waited for: it had its pages from the kernel, which counts them. Importing resource costs 0.2 ms."""
    fields = (_line_of("/proc/self/stat") or "").rpartition(")")[2].split()
    return len(fields) < 9 or fields[8] != "0"


def _high_water_mark():
    """Linux's own mark of this program's memory: getrusage's survives exec, and would tell a big parent's."""
    _, mark, rest = (_line_of("/proc/self/status") or "").partition("\nVmHWM:")
    return int(rest.split(None, 1)[0]) * 1024 if mark else None


def _used_since(before, wall_s):
    user, system = _usage()
    used = {
        "wall_s": round(wall_s, 6),
        "cpu_user_s": round(max(0.0, user - before[0]), 6),
        "cpu_system_s": round(max(0.0, system - before[1]), 6),
        "measured_by": {"wall_s": "monotonic", "cpu_user_s": "times", "cpu_system_s": "times"},
    }
    peak, method = _peak()
    if peak is not None:
        used["max_rss_bytes"] = peak
        used["measured_by"]["max_rss_bytes"] = method
    return used


# From figures to a file of the spool.


def _enqueue(source, phone_home, given, identity, erase_key=None, marker=None):
    folders = _folders()
    manifest, reading, agreed = _declared(source, folders)
    if folders is None:
        return Result("dropped", "no_home", "no home folder, and no ET_SPOOL")
    policy = _site_policy()
    by, refusal = _may_keep(manifest, phone_home is True, policy, reading, agreed)
    if refusal is not None:
        return Result("not_consented", refusal)
    if by != FLAG_GRANT and not agreed and by["text"] != _consent_text(manifest):
        manifest = _covered_by(_parse(by["text"]), manifest)
    if given.get("event", "end") not in EVENTS:
        return Result("dropped", "invalid_report", "there is no event of that name")
    identity = identity or _identity(manifest, _key(erase_key))
    if identity is None:
        return Result("dropped", "sampled_out", "the author's sampling leaves this run out")
    now_ms = int(time.time() * 1000)
    report, stripped = _build(given, manifest, identity, now_ms)
    without = policy["without"] + _without_of(reading)
    _place(report, without)
    _leave_out(report, without)
    text = _serialise(report)
    size = len(_utf8(text))
    if size > MAX_REPORT_BYTES:
        return Result("dropped", "too_large", "%d bytes, and %d are allowed" % (size, MAX_REPORT_BYTES))
    envelope = _envelope(text, manifest, identity, by)
    name = "%013d-%s-%d-%s%s.json" % (now_ms, _host(), os.getpid(), identity["run_id"][:8], _hex(os.urandom(4)))
    path, reason, detail = _put(folders["spool"], name, _utf8(envelope))
    if reason is not None:
        return Result("dropped", reason, detail)
    if marker is not None:
        _never_raising(lambda: _leave_marker(marker, folders["spool"], name, report, without, manifest, identity, by))
    return Result("queued", None, "", report["id"], report["run_id"], path, tuple(stripped))


def _key(given):
    """An erase key: the script's own where it is one, else one that nobody has had."""
    is_key = isinstance(given, str) and len(given) == 32 and all(c in "0123456789abcdef" for c in given)
    return given if is_key else _hex(os.urandom(16))


# What a run leaves of which nothing is heard any more: docs/spool-format.md.


def _leave_marker(marker, spool, name, report, without, manifest, identity, by):
    """Leaves it, or writes it anew with what is known by now. Not synced: after a power failure the run is gone, too."""
    if "path" not in marker:
        marker["path"] = os.path.join(spool, "open", name)
        marker["id"] = _report_id(int(name[:13]))
        marker["where"] = _whereabouts()
    elif not os.path.exists(marker["path"]):
        return  # Its user has withdrawn, or forgotten the run.
    vanished = dict(report, id=marker["id"], event="vanished", outcome="unknown", **marker["used"])
    _leave_out(vanished, without)
    envelope = _envelope(_serialise(vanished), manifest, identity, by)
    around = dict(marker["where"], oom=_out_of_memory_kills(), seen_at=report["occurred_at"], gone=None)
    content = '%s,"envelope":%s}\n' % (_serialise(around)[:-1], envelope.rstrip())
    temporary = os.path.join(spool, "tmp", os.path.basename(marker["path"]) + ".tmp")
    _make_folder(os.path.dirname(marker["path"]))
    try:
        _write_new(temporary, _utf8(content), lasting=False)
        os.replace(temporary, marker["path"])
    except OSError:
        os.unlink(temporary)


def _remove_marker(marker):
    if "path" in marker:
        os.unlink(marker["path"])


def _whereabouts():
    """Which process this is, so that another can tell later whether it lives. What a system does not tell is None."""
    machine = _line_of("/etc/machine-id")
    return {
        "et": 1,
        "host": _host(),
        "machine": machine and _sha256(machine)[:12],
        "boot_id": _line_of("/proc/sys/kernel/random/boot_id"),
        "pid_ns": _link_of("/proc/self/ns/pid"),
        "time_ns": _link_of("/proc/self/ns/time"),
        "processes": [{"pid": os.getpid(), "start_ticks": _start_ticks()}],
        "job": _batch_job(),
    }


def _line_of(path):
    """What a small file of the system's holds; None where it holds nothing, or is not there."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.read(descriptor, 16384).decode("utf-8", "replace").strip() or None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _link_of(path):
    try:
        return os.readlink(path)
    except (OSError, AttributeError):
        return None


def _start_ticks():
    """When this process began, in clock ticks since the boot; None where /proc is not this namespace's."""
    pid, _, rest = (_line_of("/proc/self/stat") or "").partition(" ")
    return int(rest.rpartition(")")[2].split()[19]) if pid == str(os.getpid()) else None


def _batch_job():
    """A job of Slurm, which can be asked what became of it: sbatch(1)."""
    array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    job = os.environ.get("SLURM_JOB_ID", "") if array is None or task is None else "%s_%s" % (array, task)
    first, mark, second = job.partition("_")
    if not first.isdigit() or (mark and not second.isdigit()) or not job.isascii():
        return None
    cluster = os.environ.get("SLURM_CLUSTER_NAME", "")
    is_name = cluster != "" and cluster.isascii() and all(c.isalnum() or c in "._-" for c in cluster)
    return {"scheduler": "slurm", "id": job, "cluster": cluster if is_name else None}


def _out_of_memory_kills():
    """How often the kernel has killed for want of memory where this process is: cgroups(7), of both versions."""
    for line in (_line_of("/proc/self/cgroup") or "").split("\n"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        path = "" if path == "/" else path
        files = ()
        if line and controllers == "":
            files = ("/sys/fs/cgroup%s/memory.events" % path, "/sys/fs/cgroup/unified%s/memory.events" % path)
        elif "memory" in controllers.split(","):
            files = ("/sys/fs/cgroup/memory%s/memory.oom_control" % path,)
        for file in files:
            for count in (_line_of(file) or "").split("\n"):
                if count.startswith("oom_kill "):
                    return {"file": file, "kills": int(count[9:])}
    return None


def _identity(manifest, key):
    """What a run's reports share, or None where sampling leaves it out: the run id decides, in all languages alike."""
    run_id = _sha256(key)[:32]
    if int(run_id[:8], 16) / 2**32 >= manifest["sample"]:
        return None
    return {"key": key, "run_id": run_id, "weight": 1 / manifest["sample"]}


def _envelope(report_text, manifest, identity, by):
    if by == FLAG_GRANT:
        notice = {"version": manifest["notice"]["version"], "digest": _sha256(_consent_text(manifest))}
        grant, hold = FLAG_GRANT, None
    else:
        notice = {"version": by["notice"]["version"], "digest": by["notice"]["digest"]}
        grant, hold = by["id"], "approve" if by["review"]["approve"] else None
    around = {"et": 1, "endpoint": manifest["endpoint"], "notice": notice, "grant": grant, "hold": hold}
    around["erase_key"] = identity["key"]
    return '%s,"report":%s}\n' % (_serialise(around)[:-1], report_text)


def _report_id(now_ms):
    """A UUID of version 7 (RFC 9562)."""
    random = bytearray(os.urandom(10))
    random[0] = 0x70 | random[0] & 0x0F
    random[2] = 0x80 | random[2] & 0x3F
    digits = "%012x%s" % (max(0, now_ms), _hex(random))
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _iso(ms):
    return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (time.gmtime(ms // 1000)[:6] + (ms % 1000,))


def _host():
    try:
        name = os.uname().nodename
    except AttributeError:
        name = os.environ.get("COMPUTERNAME", "")
    return _sha256(name)[:12]


# A report: what is declared, of the declared types, without what identifies anybody.


def _build(given, manifest, identity, now_ms):
    """The report, and the names of what was given and left out. What is not known is None, and never 0."""
    stripped = []

    def take(path, value, keep):
        kept = None if value is None else keep(value)
        if value is not None and kept is None:
            stripped.append(path)
        return kept

    def field(name, keep):
        return take(name, given.get(name), keep)

    report = {
        "id": _report_id(now_ms),
        "run_id": identity["run_id"],
        "event": given.get("event", "end"),
        "project": manifest["project"],
        "command": field("command", _label),
        "version": field("version", _label),
        "manifest_notice": manifest["notice"]["version"],
        "occurred_at": field("occurred_at", _instant) or _iso(now_ms),
        "since_start_s": field("since_start_s", _amount),
        "test": field("test", _flag) or False,
        "platform": field("platform", _one_of(PLATFORMS)),
        "platform_inner": field("platform_inner", _one_of(PLATFORMS)),
        "outcome": field("outcome", _one_of(OUTCOMES)),
        "exit_code": field("exit_code", _exit_code),
        "signal": field("signal", _signal_name),
        "wall_s": field("wall_s", _amount),
        "cpu_user_s": field("cpu_user_s", _amount),
        "cpu_system_s": field("cpu_system_s", _amount),
        "max_rss_bytes": field("max_rss_bytes", _count),
        "threads": field("threads", _count),
        "read_bytes": field("read_bytes", _count),
        "written_bytes": field("written_bytes", _count),
        "measured_by": _measured_by(field("measured_by", _object) or {}, take),
        "limits": _limits(field("limits", _object), take),
        "kill_reason": field("kill_reason", _label),
        "weight": identity["weight"],
        "inputs": _inputs(field("inputs", _object) or {}, manifest["inputs"], take, stripped),
        "exception": _exception(field("exception", _object)),
        "data": _data(field("data", _object) or {}, manifest["data"], stripped),
    }
    stripped.extend(name for name in given if name not in report)
    return report, stripped


def _inputs(sizes, declared, take, stripped):
    inputs = []
    for name, size in sizes.items():
        if isinstance(name, str) and name in declared:
            size = take("inputs." + name, size, _amount)
            inputs.append({"name": name, "unit": declared[name]["unit"], "size": size})
        else:
            stripped.append("inputs.%s" % (name,))
    return inputs


def _data(values, declared, stripped):
    kept = {}
    for key, value in values.items():
        keep = None
        if isinstance(key, str) and key != "*" and key in declared:
            keep = _DATA_KEEPERS[declared[key]["type"]]
        elif "*" in declared and _is_name(key):
            keep = _any_value
        taken = None if keep is None or value is None else keep(value)
        if keep is not None and (taken is not None or value is None) and len(kept) < MAX_ENTRIES:
            kept[key] = taken
        else:
            stripped.append("data.%s" % (key,))
    return kept


def _limits(limits, take):
    if limits is None:
        return None
    return {
        "memory_bytes": take("limits.memory_bytes", limits.get("memory_bytes"), _count),
        "wall_s": take("limits.wall_s", limits.get("wall_s"), _amount),
        "cpus": take("limits.cpus", limits.get("cpus"), _amount),
    }


def _exception(exception):
    if exception is None:
        return None
    frames = exception.get("frames")
    frames = [_object(frame) or {} for frame in frames[:MAX_FRAMES]] if isinstance(frames, (list, tuple)) else []
    return {
        "type": _label(exception.get("type")) or "Error",
        "frames": [
            {
                "file": _file_name(frame.get("file")),
                "line": _count(frame.get("line")),
                "function": _label(frame.get("function")),
            }
            for frame in frames
        ],
    }


def _measured_by(methods, take):
    taken = ((measure, take("measured_by." + measure, methods.get(measure), _label)) for measure in MEASURES)
    return {measure: method for measure, method in taken if method is not None}


def _number(value):
    """An int or a float out of what scripts have for numbers, NumPy's included; else None."""
    if isinstance(value, (bool, str, bytes)) or value is None:
        return None
    if type(value) in (int, float):
        return value
    for convert in ("__index__", "__float__"):
        try:
            if hasattr(type(value), convert):
                return getattr(value, convert)()
        except Exception:
            continue
    return None


def _finite(value):
    number = _number(value)
    try:
        return number if number is not None and abs(float(number)) < float("inf") else None
    except OverflowError:
        return None


def _amount(value):
    number = _finite(value)
    return number if number is not None and number >= 0 else None


def _integer(value):
    number = _finite(value)
    return int(number) if number is not None and number == int(number) and abs(number) <= MAX_SAFE_INTEGER else None


def _count(value):
    amount = _amount(value)
    return None if amount is None else _integer(int(amount + 0.5) if isinstance(amount, float) else amount)


def _exit_code(value):
    code = _integer(value)
    return code if code is not None and -(2**31) <= code < 2**32 else None


def _flag(value):
    if isinstance(value, bool):
        return value
    return bool(value) if type(value).__name__ in ("bool_", "bool") else None


def _object(value):
    return value if isinstance(value, dict) else None


def _one_of(allowed):
    return lambda value: value if isinstance(value, str) and value in allowed else None


def _signal_name(value):
    if not isinstance(value, str) or not value.startswith("SIG") or not 4 <= len(value) <= 19:
        return None
    return str(value) if all(c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+" for c in value) else None


def _instant(value):
    """A datetime that knows its zone."""
    try:
        ms = int(value.timestamp() * 1000)
        return _iso(ms) if value.tzinfo is not None and 0 <= ms < 253370764800000 else None
    except Exception:
        return None


def _label(value):
    text = _scrub_label(value) if isinstance(value, str) else ""
    return text or None


def _file_name(value):
    return (_plain(_base_name(value), MAX_LABEL_LENGTH) if isinstance(value, str) else "") or "?"


def _text(value):
    return _scrub_text(value) if isinstance(value, str) else None


def _any_value(value):
    if isinstance(value, str):
        return _text(value)
    number = _finite(value)
    return _flag(value) if number is None else number


_DATA_KEEPERS = {"integer": _integer, "number": _finite, "string": _text, "boolean": _flag}

# What a user may leave out, and what stands in its place: src/report/optional-fields.ts of ET.
_NOT_GIVEN = {"measured_by": {}, "inputs": [], "data": {}}
_OPTIONAL = (
    "command version since_start_s platform platform_inner outcome exit_code signal wall_s cpu_user_s cpu_system_s "
    "max_rss_bytes threads read_bytes written_bytes measured_by limits kill_reason inputs exception data"
).split()


def _leave_out(report, paths):
    for path in paths:
        if path in _OPTIONAL:
            report[path] = type(_NOT_GIVEN[path])() if path in _NOT_GIVEN else None
            report["measured_by"].pop(path, None)
            if path == "platform":
                report["platform_inner"] = None
        elif path.startswith("inputs."):
            report["inputs"] = [each for each in report["inputs"] if each["name"] != path[len("inputs.") :]]
        elif path.startswith("data."):
            report["data"].pop(path[len("data.") :], None)


# What the run was started by, and what it was given: docs/platforms.md, by variables alone.

# Outermost first. Any of the variables tells; those with a space between have to be there together.
_SIGNS = (
    (
        "ci",
        "CI|CONTINUOUS_INTEGRATION|GITHUB_ACTIONS|GITLAB_CI|JENKINS_URL|BUILDKITE|TRAVIS|CIRCLECI|APPVEYOR|TF_BUILD|"
        "TEAMCITY_VERSION|CODEBUILD_BUILD_ID|BITBUCKET_BUILD_NUMBER",
    ),
    ("galaxy", "GALAXY_SLOTS|GALAXY_MEMORY_MB|_GALAXY_JOB_DIR|_GALAXY_JOB_TMP_DIR|_GALAXY_JOB_HOME_DIR"),
    ("nextflow", "NXF_TASK_WORKDIR|NXF_BOXID"),
    (
        "snakemake",
        "OMP_NUM_THREADS GOTO_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS VECLIB_MAXIMUM_THREADS "
        "NUMEXPR_NUM_THREADS TEMPDIR",
    ),
    ("cwl", ""),
    ("slurm", "SLURM_JOB_ID|SLURM_JOBID"),
    ("pbs", "PBS_JOBID|PBS_ENVIRONMENT"),
    ("sge", "JOB_ID SGE_TASK_ID"),
    ("lsf", "LSB_JOBID"),
    (
        "container",
        "container|APPTAINER_CONTAINER|APPTAINER_NAME|SINGULARITY_CONTAINER|SINGULARITY_NAME|KUBERNETES_SERVICE_HOST",
    ),
)
_CONTAINER_FILES = ("/run/.containerenv", "/.dockerenv")
_YEAR_S = 365 * 24 * 3600
_place_of = {}


def _place(report, without):
    """Fills in platform and limits where the script gave none. What is left out is not looked up."""
    if "platform" not in without:
        others = [platform for platform in _platforms() if platform != report["platform"]]
        if report["platform"] is None and others:
            report["platform"] = others.pop(0)
        if report["platform_inner"] is None and others:
            report["platform_inner"] = others[0]
    if "limits" not in without and report["limits"] is None:
        report["limits"] = _limits_given()


def _platforms():
    """Those that are found, outermost first. Asked once a process."""
    if "platforms" not in _place_of:
        found = [name for name, signs in _SIGNS if (_are_any_set(signs) if signs else _is_cwl())]
        if "container" not in found and any(os.path.exists(file) for file in _CONTAINER_FILES):
            found.append("container")
        _place_of["platforms"] = found
    return _place_of["platforms"]


def _are_any_set(signs):
    for sign in signs.split("|"):
        for name in sign.split(" "):
            if not _is_on(name):
                break
        else:
            return True
    return False


def _is_cwl():
    """A CWL runner's environment: nothing inherited, and the working directory for a home."""
    if not _is_on("HOME") or not _is_on("TMPDIR") or _is_on("USER") or _is_on("LOGNAME"):
        return False
    try:
        return os.getcwd() == os.environ["HOME"]
    except OSError:
        return False


def _limits_given():
    found = _platforms()
    if not any(platform in ("galaxy", "snakemake", "slurm", "pbs", "sge", "lsf") for platform in found):
        return None
    memory = [_given_to("galaxy", "GALAXY_MEMORY_MB", 2**20), _given_to("slurm", "SLURM_MEM_PER_NODE", 2**20)]
    memory.append(_given_to("slurm", "SLURM_MEM_PER_CPU", 2**20 * (_whole("SLURM_CPUS_ON_NODE") or 0)))
    begun, end = _whole("SLURM_JOB_START_TIME"), _whole("SLURM_JOB_END_TIME")
    wall = [_given_to("pbs", "PBS_WALLTIME")]
    if "slurm" in found and None not in (begun, end) and 0 < end - begun < _YEAR_S:
        wall.append(end - begun)
    cpus = [_given_to("galaxy", "GALAXY_SLOTS"), _given_to("snakemake", "OMP_NUM_THREADS")]
    cpus += [_given_to("slurm", "SLURM_CPUS_PER_TASK"), _given_to("slurm", "SLURM_CPUS_ON_NODE")]
    cpus += [_given_to("pbs", "NCPUS"), _given_to("pbs", "PBS_NUM_PPN")]
    if os.environ.get("NHOSTS") == "1":
        cpus.append(_given_to("sge", "NSLOTS"))
    if len(os.environ.get("LSB_MCPU_HOSTS", "").split()) == 2:
        cpus.append(_given_to("lsf", "LSB_DJOB_NUMPROC"))
    limits = {}
    for name, values in (("memory_bytes", memory), ("wall_s", wall), ("cpus", cpus)):
        limits[name] = min((value for value in values if value), default=None)
    return limits if any(limits.values()) else None


def _given_to(platform, name, unit=1):
    """A variable's whole number in its unit, where its platform is the one that set it."""
    value = _whole(name) if platform in _platforms() else None
    return None if value is None else value * unit


def _whole(name):
    text = os.environ.get(name, "")
    return int(text) if text.isdigit() and text.isascii() and len(text) <= 15 else None


# Scrubbing: no paths, addresses or characters that a terminal obeys.

_JS_SPACE = "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def _is_printable_ascii(text):
    return text.isascii() and text.isprintable()


def _plain(text, most):
    """Text without control, bidirectional and invisible characters."""
    text = text.strip(_JS_SPACE)[:most]
    if _is_printable_ascii(text):
        return text.strip()
    import re

    unseen = "[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
    return re.sub("[\ud800-\udfff]", "\ufffd", re.sub(unseen, " ", text)).strip(_JS_SPACE)


def _base_name(text):
    return text[max(text.rfind("/"), text.rfind("\\")) + 1 :]


def _scrub_label(text):
    """A short name: never a path, and of a command line its first word alone."""
    if "/" not in text and "\\" not in text:
        return _plain(text, MAX_LABEL_LENGTH)
    word = (text.split(None, 1) or [""])[0]
    return "[url]" if "://" in word else _plain(_base_name(word), MAX_LABEL_LENGTH)


def _scrub_text(text):
    """Free text without addresses and paths: each is replaced by the word for what stood there."""
    if not any(mark in text for mark in "/\\@"):
        return _plain(text, MAX_TEXT_LENGTH)
    import re

    if len(text) > 2 * MAX_TEXT_LENGTH:
        text = re.sub(r"\S+$", "", text[: 2 * MAX_TEXT_LENGTH])
    text = re.sub(r"""\b[a-z][a-z0-9+.-]{1,15}://[^\s"'<>]*""", "[url]", text, flags=re.IGNORECASE)
    text = re.sub(r"""[^\s@"'<>()]+@[^\s@"'<>()]+""", "[email]", text)
    text = re.sub(r"""(?:[A-Za-z]:)?(?:~|\.{1,2})?[^\s"'<>:;,=()]*[/\\][^\s"'<>:;,=()]*""", "[path]", text)
    return _plain(text, MAX_TEXT_LENGTH)


# Consent: docs/consent.md.


def _may_keep(manifest, flagged, policy, reading, agreed):
    """What allows a report, a grant or the run's own flag, and None; or None, and why not.

    Where the grant is for another notice than the script's, what is kept is what both cover.
    """
    state, record = reading
    mode = record["mode"] if state == "decided" else None
    grant = record["grant"] if mode in ("granted", "local") else None
    covers = grant is not None and (agreed or grant["text"] == _consent_text(manifest))
    by_flag = flagged and not (covers and mode == "granted")
    ruled = _ruled_out(manifest["endpoint"] if grant is None or covers or by_flag else grant["endpoint"], policy)
    if ruled is not None:
        return None, ruled
    if state == "unreadable":
        return None, "consent_unreadable"
    if mode == "denied":
        return None, "denied"
    if by_flag:
        return FLAG_GRANT, None
    if grant is not None:
        return grant, None
    return None, "withdrawn" if mode == "withdrawn" else "no_decision"


def _covered_by(agreed, declared):
    """The manifest under which a run is kept while its own waits for an answer: what both name, as it was agreed."""
    inputs = {
        name: each
        for name, each in agreed["inputs"].items()
        if declared["inputs"].get(name, {}).get("unit") == each["unit"]
    }
    former, present = agreed["data"], declared["data"]
    data, with_any = {}, True
    for key in list(former) + [key for key in present if key not in former]:
        if key in former and key in present:
            if former[key]["type"] == present[key]["type"]:
                data[key] = former[key]
            else:
                with_any = False  # It is in neither's "*".
        elif "*" in (present if key in former else former):
            data[key] = former.get(key) or present[key]
    if not with_any:
        data.pop("*", None)
    return dict(agreed, inputs=inputs, data=data, sample=declared["sample"])


def _ruled_out(endpoint, policy):
    if policy["deny"] or (policy["endpoints"] is not None and endpoint not in policy["endpoints"]):
        return "site_policy"
    for name, reason in (("DO_NOT_TRACK", "do_not_track"), ("ET_DISABLED", "et_disabled")):
        if _is_on(name):
            return reason
    return None


def _is_on(variable):
    value = os.environ.get(variable)
    return value is not None and value.strip(_JS_SPACE).lower() not in ("", "0", "false", "no", "off")


_NO = {"deny": True, "endpoints": None, "without": []}


def _site_policy():
    """The administrator's rules; one that can't be understood means no."""
    if IS_WINDOWS or not _exists(SITE_POLICY):
        return dict(_NO, deny=False)
    try:
        value = _parse(_read(SITE_POLICY))
        deny, endpoints, without = value.get("deny", False), value.get("endpoints"), value.get("without", [])
        if not isinstance(deny, bool) or not _are_texts(without):
            return _NO
        if endpoints is not None and not _are_texts(endpoints):
            return _NO
        endpoints = None if endpoints is None else [endpoint.rstrip("/") for endpoint in endpoints]
        return {"deny": deny, "endpoints": endpoints, "without": without}
    except Exception:
        return _NO


def _exists(path):
    """Also where it can't be told: then reading it fails, which means no."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno != 20  # ENOTDIR
    return True


def _are_texts(value):
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_text(value):
    return isinstance(value, str) and value != ""


def _is_whole(value):
    return _integer(value) is not None and not isinstance(value, bool)


def _without_of(reading):
    grant = reading[1]["grant"] if reading[0] == "decided" else None
    return [] if grant is None else grant["without"]


def _read_consent(folder, project):
    """("none", None), ("decided", record), or ("unreadable", why)."""
    try:
        if not _is_name(project):
            return "unreadable", "that is no project's name"
        record = _record(_parse_once(_read(os.path.join(folder, project + ".json"))))
    except FileNotFoundError:
        return "none", None
    except Exception as error:
        return "unreadable", getattr(error, "strerror", None) or "it is not JSON"
    if record is None or record["project"] != project:
        return "unreadable", "it is not a decision of this version's format"
    return "decided", record


def _record(value):
    """A decision, or None where it is none: then nothing may be recorded."""
    if not isinstance(value, dict) or value.get("et") != 1 or value["et"] is True:
        return None
    mode, since, how = value.get("mode"), value.get("since"), value.get("how")
    if not _is_text(value.get("project")) or mode not in ("granted", "local", "denied", "withdrawn"):
        return None
    if not _is_text(since) or not _is_instant(since):
        return None
    grant = _grant(value.get("grant"))
    if mode in ("granted", "local") and grant is None:
        return None
    how = how if _is_text(how) else "unknown"
    return {"project": value["project"], "mode": mode, "since": since, "how": how, "grant": grant}


def _is_instant(text):
    return len(text) >= 20 and text[4] == text[7] == "-" and text[10] == "T" and text.endswith("Z")


def _grant(value):
    """What restricts a grant and can't be read makes it none: it would else allow more than its user said."""
    if not isinstance(value, dict):
        return None
    notice, review = value.get("notice"), value.get("review", {"approve": False, "delay_s": 0})
    without = value.get("without", [])
    if not _are_texts(without) or "" in without or not isinstance(notice, dict) or not isinstance(review, dict):
        return None
    delay_s = _amount(review.get("delay_s"))
    if not isinstance(review.get("approve"), bool) or delay_s is None:
        return None
    texts = (value.get("id"), value.get("endpoint"), value.get("text"), notice.get("digest"))
    if not all(_is_text(each) for each in texts) or not _is_whole(notice.get("version")):
        return None
    return dict(value, without=without, review=review)


# The manifest, et.json.


class _ManifestError(Exception):
    pass


def _declared(source, folders):
    """The manifest, what its user decided, and whether that is known to be about this manifest.

    A grant keeps the file that it was given for. Where the script's is the same, it was looked through then.
    """
    text, value = _manifest_file(source)
    project = value.get("project") if isinstance(value, dict) else None
    reading = ("none", None)
    if folders is not None and isinstance(project, str):
        reading = _read_consent(folders["consent"], project)
    grant = reading[1]["grant"] if reading[0] == "decided" else None
    if grant is not None and text is not None and grant.get("source") == text:
        agreed = dict(_parse_once(grant["text"]))
        sample = value.get("sample")
        agreed["sample"] = 1 if sample is None else sample
        return agreed, reading, True
    manifest, problems = _parse_manifest(value)
    if problems:
        raise _ManifestError("; ".join(problems))
    return manifest, reading, False


def _manifest_file(source):
    """The file's text and its JSON; no text where the content was given."""
    if isinstance(source, dict):
        return None, source
    try:
        text = _read(os.fspath(source))  # A number would be a descriptor of the script's.
        return text, _parse_once(text)
    except OSError as error:
        raise _ManifestError("the manifest can't be read (%s)" % error.strerror)
    except Exception:
        raise _ManifestError("the manifest is not JSON, or no path was given")


def _parse_manifest(value):
    """The manifest with every default filled in, and all that is wrong with it."""
    problems = []

    def add(path, problem):
        problems.append("%s: %s" % (path, problem))

    def mapping(value, path):
        if isinstance(value, dict):
            return value
        add(path, "is missing" if value is None else "must be an object")
        return {}

    def only(value, path, known):
        for key in value:
            if key not in known:
                add(path + str(key), "is not a key that ET knows")

    def text(value, path, most=MAX_TEXT_LENGTH):
        if isinstance(value, str) and value.strip(_JS_SPACE) and _utf16_length(value) <= most:
            return value
        add(path, "is missing" if value is None else "must be a text of 1 to %d characters" % most)
        return ""

    def entries(value, path, parse, allowed):
        found = mapping({} if value is None else value, path)
        if len(found) > MAX_ENTRIES:
            add(path, "must not have over %d keys" % MAX_ENTRIES)
        for key in found:
            if not allowed(key):
                add("%s.%s" % (path, key), "must be named with letters, digits, '.', '_' and '-' alone")
        return {key: parse(mapping(each, "%s.%s" % (path, key)), "%s.%s" % (path, key)) for key, each in found.items()}

    def an_input(entry, path):
        only(entry, path + ".", ("unit", "why"))
        return {"unit": text(entry.get("unit"), path + ".unit", MAX_LABEL_LENGTH), "why": text(entry.get("why"), path + ".why")}

    def a_key(entry, path):
        only(entry, path + ".", ("type", "why"))
        if entry.get("type") not in _DATA_KEEPERS:
            add(path + ".type", "must be one of " + ", ".join(_DATA_KEEPERS))
        return {"type": entry.get("type"), "why": text(entry.get("why"), path + ".why")}

    root = mapping(value, "et.json")
    only(root, "", ("et", "project", "endpoint", "notice", "inputs", "data", "sample"))
    if root.get("et") != 1 or root.get("et") is True:
        add("et", "must be 1, the version of the manifest's format")
    project = text(root.get("project"), "project")
    if project and not _is_name(project):
        add("project", "must be named with letters, digits, '.', '_' and '-' alone")
    endpoint = root.get("endpoint")
    if not _is_endpoint(endpoint):
        add("endpoint", "must be a URL of https (http only on loopback), without user name, query and fragment")
    sample = root.get("sample")
    sample = 1 if sample is None else _finite(sample)
    if sample is None or not 1e-9 <= sample <= 1:
        add("sample", "must be a number from 1e-9 to 1")
    notice = mapping(root.get("notice"), "notice")
    manifest = {
        "et": 1,
        "project": project,
        "endpoint": endpoint.rstrip("/") if isinstance(endpoint, str) else "",
        "notice": _parse_notice(notice, add, only, text),
        "inputs": entries(root.get("inputs"), "inputs", an_input, _is_name),
        "data": entries(root.get("data"), "data", a_key, lambda key: key == "*" or _is_name(key)),
        "sample": sample,
    }
    return manifest, problems


def _parse_notice(notice, add, only, text):
    only(notice, "notice.", ("version", "purpose", "contact", "retention", "url", "addresses"))
    version = notice.get("version")
    if not _is_whole(version) or version < 1:
        add("notice.version", "must be a whole number from 1")
        version = 0
    retention = text(notice.get("retention"), "notice.retention")
    if retention and not _is_duration(retention):
        add("notice.retention", "must be an ISO 8601 duration in years, months, weeks or days, such as P2Y")
    url = notice.get("url")
    if url is not None and not (isinstance(url, str) and url.startswith(("https://", "http://")) and len(url) > 8):
        add("notice.url", "must be a web address")
    addresses = notice.get("addresses")
    addresses = "full" if addresses is None else addresses
    if addresses not in ("full", "truncated", "hashed", "none"):
        add("notice.addresses", "must be one of full, truncated, hashed, none")
    return {
        "version": int(version),
        "purpose": text(notice.get("purpose"), "notice.purpose"),
        "contact": text(notice.get("contact"), "notice.contact"),
        "retention": retention,
        "url": url,
        "addresses": addresses,
    }


def _is_duration(text):
    import re

    return re.fullmatch(r"P(?=[0-9])([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?", text) is not None


def _is_endpoint(value):
    """Of the addresses that ET takes, those that need no parser of URLs: what else there may be is refused."""
    if not isinstance(value, str):
        return False
    import re

    match = re.fullmatch(r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(/[^\s?#\\]*)?", value)
    if match is None:
        return False
    host = match.group(2).lower()
    is_loopback = host in ("localhost", "[::1]") or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None
    return match.group(1) == "https" or is_loopback


_NAME_MARKS = "._-"


def _is_name(value):
    if not isinstance(value, str) or not 1 <= len(value) <= 64 or not value.isascii() or value[0] in _NAME_MARKS:
        return False
    return all(c.isalnum() or c in _NAME_MARKS for c in value)


def _utf16_length(text):
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def _consent_text(manifest):
    """What a user agrees to, as one text: JSON with sorted keys and no spaces, without the sampling rate."""
    return _serialise(_sorted({key: value for key, value in manifest.items() if key != "sample"}))


def _sorted(value):
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


# JSON, byte for byte as JavaScript's JSON.stringify writes it.


def _serialise(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{%s}" % ",".join([_quoted(key) + ":" + _serialise(value[key]) for key in _in_order(value)])
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join([_serialise(each) for each in value])
    return _js_number(value)


def _in_order(value):
    """Keys that are array indices come first, in JavaScript."""
    indices = [key for key in value if key.isdigit() and key.isascii() and (key == "0" or key[0] != "0")]
    indices = [key for key in indices if int(key) < 2**32 - 1]
    if not indices:
        return value
    return sorted(indices, key=int) + [key for key in value if key not in indices]


try:
    from _json import encode_basestring as _basestring
except ImportError:
    from json.encoder import encode_basestring as _basestring


def _quoted(text):
    quoted = _basestring(text)
    if quoted.isascii():
        return quoted
    try:
        quoted.encode()
        return quoted
    except UnicodeEncodeError:
        return "".join(["\\u%04x" % ord(c) if "\ud800" <= c <= "\udfff" else c for c in quoted])


def _js_number(value):
    """Number::toString of ECMAScript; Python and JavaScript find the same shortest digits."""
    if isinstance(value, int) and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return str(int(value))
    try:
        value = float(value)
    except OverflowError:
        return "null"
    if value != value or value in (float("inf"), float("-inf")):
        return "null"
    sign, text = ("-" if value < 0 else ""), repr(abs(value))
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _js_digits(digits, point) if digits else "0"


def _js_digits(digits, point):
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = "." + digits[1:] if count > 1 else ""
    return "%s%se%s%d" % (digits[0], fraction, "+" if point > 0 else "-", abs(point - 1))


class _Scanner:
    """How JSON is read: what json.loads is made of, without the 2 ms that importing json takes."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    memo = {}

    @staticmethod
    def parse_int(text):
        return int(text) if len(text) <= 15 else float(text)

    @staticmethod
    def parse_constant(text):
        raise ValueError(text)


def _parse(text):
    """Raises ValueError where it is not JSON."""
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(text, parse_int=_Scanner.parse_int, parse_constant=_Scanner.parse_constant)
    text = text.strip(" \t\n\r")
    try:
        value, end = make_scanner(_Scanner)(text, 0)
    except (StopIteration, RecursionError):
        raise ValueError("not JSON")
    if end != len(text):
        raise ValueError("not JSON")
    return value


_parsed = {}


def _parse_once(text):
    """For what each report of a run reads anew, and finds as it was. Nobody changes what comes of it."""
    if text not in _parsed:
        if len(_parsed) >= 8:
            _parsed.clear()
        _parsed[text] = _parse(text)
    return _parsed[text]


def _utf8(text):
    return text.encode("utf-8", "surrogatepass")


def _hex(data):
    return bytes(data).hex()


def _sha256(text):
    # A module that is not there is looked for in every folder, each time: 0.1 ms.
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256
        else:
            from _sha256 import sha256
    except ImportError:
        from hashlib import sha256
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


# The disk: docs/spool-format.md.


def _folders():
    """Where reports and decisions are; None where there is no place."""
    try:
        spool, config = os.environ.get("ET_SPOOL"), os.environ.get("ET_CONFIG")
        spool = os.path.abspath(spool) if spool else os.path.join(_base("state"), "spool")
        return {"spool": spool, "consent": os.path.join(os.path.abspath(config or _base("config")), "consent")}
    except Exception:
        return None


def _base(kind):
    """Raises where there is no home."""
    if IS_WINDOWS:
        local = os.environ.get("LOCALAPPDATA" if kind == "state" else "APPDATA") or os.environ["USERPROFILE"]
        return os.path.abspath(os.path.join(local, "et"))
    xdg = os.environ.get("XDG_STATE_HOME" if kind == "state" else "XDG_CONFIG_HOME", "")
    if xdg.startswith("/"):
        return os.path.abspath(os.path.join(xdg, "et"))
    home = os.path.abspath(os.environ.get("HOME") or _home_of_user())
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "et")
    return os.path.join(home, ".local/state/et" if kind == "state" else ".config/et")


def _home_of_user():
    import pwd

    return pwd.getpwuid(os.getuid()).pw_dir or os.environ["HOME"]


def _read(path):
    """Bytes that are no UTF-8 become U+FFFD. Raises the system's error."""
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


def _put(spool, name, content):
    """Delivers a report as maildir does: (path, None, ""), or (None, reason, detail)."""
    try:
        try:
            return _deliver(spool, name, content)
        except FileNotFoundError:
            _make_spool(spool)
            return _deliver(spool, name, content)
    except OSError as error:
        import errno

        code = errno.errorcode.get(error.errno, str(error.errno))
        return None, _PUT_REFUSALS.get(code, "spool_unavailable"), code


_PUT_REFUSALS = {
    "ENOSPC": "disk_full",
    "EDQUOT": "disk_full",
    "EFBIG": "disk_full",
    "EACCES": "not_writable",
    "EPERM": "not_writable",
    "EROFS": "not_writable",
    "EMFILE": "too_many_open_files",
    "ENFILE": "too_many_open_files",
}


def _deliver(spool, name, content):
    unsafe = _unsafe(spool)
    if unsafe is not None:
        return None, "spool_unsafe", unsafe
    path = os.path.join(spool, "new", name)
    _write_durably(os.path.join(spool, "tmp", name), path, content)
    return path, None, ""


def _unsafe(spool):
    """Why a spool must not be used, or None: it has to be a folder of this user's that no other can write."""
    stat = os.stat(spool)
    if stat.st_mode & 0o170000 != 0o040000:
        return "it is not a folder"
    if IS_WINDOWS:
        return None
    if stat.st_uid != os.geteuid():
        return "it belongs to another user"
    return None if stat.st_mode & 0o022 == 0 else "others can write it"


def _make_spool(spool):
    first = _make_folder(spool)
    for name in ("tmp", "new"):
        _make_folder(os.path.join(spool, name))
    _sync_folder(spool)
    folder = spool
    while first is not None and len(folder) >= len(first):
        folder = os.path.dirname(folder)
        try:
            _sync_folder(folder)
        except OSError:
            return  # One that this user may use and not read.


def _make_folder(folder):
    """Makes it and those above it, for the user alone. Returns the uppermost that was made."""
    try:
        return folder if _make_one(folder) else None
    except FileNotFoundError:
        parent = os.path.dirname(folder)
        if parent == folder:
            raise
        first = _make_folder(parent)
        return (first or folder) if _make_one(folder) else first


def _make_one(folder):
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        return False
    os.chmod(folder, 0o700)  # Whatever the umask took.
    return True


def _write_durably(temporary, target, content):
    try:
        _write_new(temporary, content)
        os.rename(temporary, target) if not IS_WINDOWS else os.replace(temporary, target)
    except FileExistsError:
        raise
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise
    _sync_folder(os.path.dirname(target))


def _write_new(path, content, lasting=True):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        if not IS_WINDOWS:
            os.fchmod(descriptor, 0o600)  # Whatever the umask took.
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if lasting:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder):
    if IS_WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        import errno

        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
    finally:
        os.close(descriptor)


# The command `python3 et.py`: what `et` of the npm package does, as far as it needs no network. It stands here as a text,
# which is compiled where this file is run: a script that imports it would pay 0.2 ms for what it does not call.

_COMMAND = r'''
_USAGE = """usage: python3 et.py COMMAND

  consent grant|local PROJECT|et.json [--yes]   reports are kept and sent, or kept for your own eyes
  consent deny|withdraw PROJECT|et.json         nothing is recorded; what waits is removed
  consent [status] [PROJECT|et.json] [--json]   what you have decided
  pending [--json]                              the reports that wait, oldest first; runs under way; what was dropped
  show ID                                       one report, byte for byte as it would be sent
  drop ID... | --all [--yes]                    remove reports: they are counted, and never sent

examples:
  python3 et.py consent grant et.json           read the notice, and answer
  python3 et.py show 4f1c2b                     ID may be the beginning of an id, or of its last part

Exit codes: 0 done; 1 it could not be done; 2 the command line is wrong; 3 you did not agree; 5 no such report.
Reports leave when et-uploader runs, which comes with the npm package et-phone-home. Nothing here speaks to a network.
"""


class _Refused(Exception):
    """Why a command can't be done, and the exit code."""

    def __init__(self, message, code=1):
        Exception.__init__(self, message)
        self.code = code


def _main(words):
    try:
        if not words or words[0] in ("-h", "--help", "help") or "--help" in words[1:]:
            _out(_USAGE)
            return 0 if words else 2
        return _command(words[0], words[1:])
    except _Refused as refused:
        _err("et.py: %s\n" % refused)
        return refused.code
    except _ManifestError as error:
        _err("et.py: The manifest can't be used: %s\n" % _shown(str(error)))
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        _err("et.py: %s (%s). What was not done stays as it was.\n" % (error.strerror, _shown(str(error.filename))))
        return 1
    except KeyboardInterrupt:
        _err("\n")
        return 130


def _command(name, words):
    given = [word for word in words if not word.startswith("-") or word == "-"]
    options = {word for word in words if word not in given}
    known = {"consent": {"--yes", "-y", "--json"}, "drop": {"--all", "--yes", "-y"}, "pending": {"--json"}, "show": set()}
    if name not in known:
        raise _Refused("There is no command %r. See: python3 et.py --help" % name, 2)
    for option in options - known[name]:
        raise _Refused("There is no option %s here. See: python3 et.py --help" % option, 2)
    yes = bool(options & {"--yes", "-y"})
    if name == "consent":
        return _consent_command(given, yes, "--json" in options)
    if name == "pending":
        return _pending_command(given, "--json" in options)
    if name == "show":
        return _show_command(given)
    return _drop_command(given, "--all" in options, yes)


def _out(text):
    sys.stdout.buffer.write(_utf8(text))
    sys.stdout.buffer.flush()


def _err(text):
    sys.stderr.buffer.write(_utf8(text))
    sys.stderr.buffer.flush()


def _shown(text, escape=lambda c: "\\u{%x}" % ord(c)):
    """Text whose controls and invisible characters are written out, so that a terminal obeys none."""
    import unicodedata

    unseen = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return "".join(escape(c) if unicodedata.category(c) in unseen else c for c in text)


def _json_escape(c):
    if c == "\n":
        return c
    units = c.encode("utf-16-be", "surrogatepass").hex()
    return "".join("\\u" + units[at : at + 4] for at in range(0, len(units), 4))


def _plural(count, noun):
    return "%s %s%s" % (format(count, ","), noun, "" if count == 1 else "s")


def _can_ask():
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _agrees(question):
    _err(question + " [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _user_folders():
    folders = _folders()
    if folders is None:
        raise _Refused("You have no home folder, and ET_SPOOL names no other place. Set HOME, or ET_SPOOL and ET_CONFIG.")
    return folders


# et.py consent


def _consent_command(words, yes, as_json):
    action = words[0] if words else "status"
    if action not in ("grant", "local", "deny", "withdraw", "status") or len(words) > 2:
        raise _Refused("It is: consent grant|local|deny|withdraw|status [PROJECT|et.json]", 2)
    folder = _user_folders()["consent"]
    if as_json and action != "status":
        raise _Refused("--json is of consent status alone.", 2)
    if action == "status" and len(words) < 2:
        return _status_of_all(folder, as_json)
    project, manifest, source = _target(words[1] if len(words) > 1 else None)
    if action == "status":
        _out(_serialise(_status(folder, project, manifest)) + "\n") if as_json else _print_status(folder, project, manifest)
        return 0
    if action in ("grant", "local"):
        return _agree(folder, action, project, manifest, source, yes)
    return _refuse(folder, action, project, manifest)


def _target(given):
    """A project, with its manifest and that file's text where they are at hand."""
    is_path = given is None or given.endswith(".json") or "/" in given or os.sep in given
    if not is_path and not _is_name(given):
        raise _Refused("%r can't be the name of a project." % given, 2)
    path = given if given is not None and is_path else "et.json"
    if given is None and not os.path.exists(path):
        raise _Refused("Which project? Name it, or the path of its et.json; there is no et.json here.", 2)
    try:
        source, value = _manifest_file(path)
        manifest, problems = _parse_manifest(value)
        if problems:
            raise _ManifestError("; ".join(problems))
    except _ManifestError:
        if is_path:
            raise
        return given, None, None
    if not is_path and manifest["project"] != given:
        return given, None, None
    return manifest["project"], manifest, source


def _agree(folder, action, project, manifest, source, yes):
    state, record = _read_consent(folder, project)
    former = record["grant"] if state == "decided" and record["mode"] in ("granted", "local") else None
    known = record["grant"] if state == "decided" else None
    if manifest is None:
        if known is None:
            raise _Refused("What would you agree to? Name the path of %s's et.json, which its author ships." % project, 2)
        manifest, source = _parse_manifest(_parse(known["text"]))[0], known.get("source")
    is_renewed = former is not None and former["endpoint"] == manifest["endpoint"]
    lets_go = is_renewed and action == "grant" and record["mode"] == "local"
    kept = _kept_text(project, former["id"]) if lets_go else ""
    if yes:
        _err(kept)
    else:
        if not _can_ask():
            raise _Refused("There is no terminal to ask you at. If you agree to the notice, say so with --yes.", 2)
        _err(_notice_text(manifest) + "\n" + (kept and kept + "\n"))
        if not _agrees("Keep such reports and send them?" if action == "grant" else "Keep such reports here, and send none?"):
            _err("Nothing was changed. et.py consent deny says no for good.\n")
            return 3
    text = _consent_text(manifest)
    grant = {"id": former["id"] if is_renewed else _hex(os.urandom(16)), "endpoint": manifest["endpoint"]}
    grant["notice"] = {"version": manifest["notice"]["version"], "digest": _sha256(text)}
    grant.update(text=text, source=source, flush=None, without=[], review={"approve": False, "delay_s": 0})
    # What the user chose before holds on, also what a newer version of ET knows and this one does not.
    grant.update((key, value) for key, value in (former or {}).items() if key not in _OF_THE_NOTICE)
    how = "flag --yes" if yes else "terminal"
    _write_record(folder, project, "granted" if action == "grant" else "local", how, grant)
    _print_status(folder, project, manifest)
    return 0


def _kept_text(project, grant):
    """What was kept for its user's eyes alone leaves under the grant that follows: said before that is given."""
    entries = _waiting(_open_spool())
    count = sum(1 for entry in entries if entry["report"]["project"] == project and entry["grant"] == grant)
    told = "%s that you kept for yourself will leave, too: et.py pending, et.py drop\n"
    return told % _plural(count, "report") if count else ""


_OF_THE_NOTICE = ("id", "endpoint", "notice", "text", "source")


def _write_record(folder, project, mode, how, grant):
    now_ms = int(time.time() * 1000)
    record = {"et": 1, "project": project, "mode": mode, "since": _iso(now_ms), "how": how, "grant": grant}
    _make_folder(folder)
    temporary = os.path.join(folder, ".%s.%d.%d.tmp" % (project, os.getpid(), now_ms))
    _replace_durably(temporary, os.path.join(folder, project + ".json"), _utf8(_serialise(record) + "\n"))


def _replace_durably(temporary, target, content):
    _write_new(temporary, content)
    os.replace(temporary, target)
    _sync_folder(os.path.dirname(target))


def _refuse(folder, action, project, manifest):
    """The decision comes first: whatever happens to the reports then, none leaves any more."""
    _write_record(folder, project, "denied" if action == "deny" else "withdrawn", "command line", None)
    spool = _open_spool()
    waiting, rejected, tried = _discard(spool, lambda entry: entry["report"]["project"] == project, "withdrawn")
    _print_status(folder, project, manifest)
    waited = "%s of %s that waited: removed.\n" % (_plural(len(waiting), "report"), project)
    _out(waited if waiting else "No report of %s waited.\n" % project)
    if rejected:
        _out("%s that a server had refused: removed.\n" % _plural(len(rejected), "report"))
    under_way = [name for name, envelope in _markers(spool) if envelope["report"]["project"] == project]
    removed = [name for name in under_way if _unlink(os.path.join(spool, "open", name))]
    if removed:
        _out("%s under way: nothing is reported any more.\n" % _plural(len(removed), "run"))
    delivered, unanswered = _left(spool, project)
    if delivered:
        _out("%s had left before: a server has them.\n" % _plural(delivered, "report"))
    if unanswered:
        _out("%s may have left: in a request without an answer.\n" % _plural(unanswered, "report"))
    return 0


def _left(spool, project):
    tried, delivered = set(), set()
    for line in _lines(spool, "sent"):
        tried.update(each["id"] for each in line.get("tried", ()) if each["project"] == project)
        for id, verdict in line.get("verdicts", {}).items():
            if id in tried and verdict in ("accepted", "duplicate"):
                delivered.add(id)
    return len(delivered), len(tried) - len(delivered)


_MODES = {
    "granted": "granted: reports are kept and sent",
    "local": "local: reports are kept for you and never sent",
    "denied": "denied: nothing is recorded",
    "withdrawn": "withdrawn: nothing is recorded",
    "none": "no decision: nothing is recorded",
    "unreadable": "the decision can't be read: nothing is recorded or sent",
}
_RULINGS = {
    "site_policy": "This machine's administrator rules that nothing is recorded or sent there (/etc/et/policy.json).",
    "do_not_track": "DO_NOT_TRACK is set: while it is, nothing is recorded and nothing is sent.",
    "et_disabled": "ET_DISABLED is set: while it is, nothing is recorded and nothing is sent.",
}


def _print_status(folder, project, manifest):
    state, record = _read_consent(folder, project)
    mode = record["mode"] if state == "decided" else state
    why = " (%s)" % _shown(record) if state == "unreadable" else ""
    _out("%s: %s%s\n" % (_shown(project), _MODES[mode], why))
    endpoint = None if manifest is None else manifest["endpoint"]
    if state == "decided":
        _out("  since %s, by %s\n" % (_shown(record["since"]), _shown(record["how"])))
        grant = record["grant"]
        if grant is not None:
            endpoint = grant["endpoint"]
            _out("  to %s, notice version %s\n" % (_shown(endpoint), _js_number(grant["notice"]["version"])))
            if manifest is not None and grant["notice"]["digest"] != _sha256(_consent_text(manifest)):
                _out("  The author's notice has changed since: until you grant it anew, only what both cover is recorded.\n")
    ruling = None if endpoint is None else _ruled_out(endpoint, _site_policy())
    if ruling is not None:
        _out(_RULINGS[ruling] + "\n")


def _status(folder, project, manifest):
    """What is decided, for programs, by the names that et consent status --json has."""
    state, record = _read_consent(folder, project)
    is_decided = state == "decided"
    grant = record["grant"] if is_decided else None
    status = {"project": project, "mode": record["mode"] if is_decided else state}
    status["since"] = record["since"] if is_decided else None
    status["how"] = record["how"] if is_decided else None
    endpoint = grant["endpoint"] if grant is not None else None if manifest is None else manifest["endpoint"]
    status["endpoint"] = endpoint
    status["notice"] = None if grant is None else {key: grant["notice"][key] for key in ("version", "digest")}
    is_known = grant is not None and manifest is not None
    is_changed = is_known and grant["notice"]["digest"] != _sha256(_consent_text(manifest))
    status["notice_changed"] = True if is_changed else None
    status["without"] = [] if grant is None else grant["without"]
    status["review"] = None if grant is None else grant["review"]
    status["ruled_out_by"] = None if endpoint is None else _ruled_out(endpoint, _site_policy())
    status["why"] = record if state == "unreadable" else None
    return status


def _status_of_all(folder, as_json):
    try:
        names = sorted(name[:-5] for name in os.listdir(folder) if name.endswith(".json") and name[0] != ".")
    except OSError:
        names = []
    if as_json:
        _out(_serialise({"projects": [_status(folder, project, None) for project in names]}) + "\n")
        return 0
    for project in names:
        _print_status(folder, project, None)
    if not names:
        _out("You have decided about no project, so nothing is recorded.\n")
    return 0


_ALWAYS = (
    "a random id, a random run id, event, project, command, version, version of this notice, time, seconds since the "
    "start, test or not, platform, inner platform, outcome, exit code, signal, wall time, CPU time, CPU time in the "
    "system, peak memory, threads, bytes read, bytes written, how each was measured, limits of the job, reason of a "
    "kill, weight, type and place of an exception"
)
_NEVER = "names of input files, command lines, paths, names of users or machines, the environment"
_ADDRESSES = {
    "full": "the server may keep it in full",
    "truncated": "the server keeps at most its first part",
    "hashed": "the server keeps at most a keyed hash of it",
    "none": "the server does not keep it",
}


def _notice_text(manifest):
    """What a user agrees to, in words."""
    import textwrap

    notice = manifest["notice"]
    inputs = ["the size of %s in %s: %s" % (name, i["unit"], i["why"]) for name, i in manifest["inputs"].items()]
    data = [
        "whatever else the script gives, under any name: %s" % each["why"]
        if key == "*"
        else "%s (%s): %s" % (key, each["type"], each["why"])
        for key, each in manifest["data"].items()
    ]
    sections = [("Purpose", [notice["purpose"]]), ("Inputs", inputs), ("Data", data), ("Always", [_ALWAYS])]
    sections += [("Never", [_NEVER]), ("Sent to", [manifest["endpoint"]])]
    sections += [("Your address", [_ADDRESSES[notice["addresses"]]]), ("Kept for", [_duration(notice["retention"])])]
    contact = [notice["contact"]] + ([] if notice["url"] is None else [notice["url"]])
    sections += [("Contact", contact), ("Notice", ["version %d" % notice["version"]])]
    lines = ["%s asks for reports of its runs on this machine." % manifest["project"], ""]
    for title, paragraphs in sections:
        for at, paragraph in enumerate(paragraphs):
            head = (title if at == 0 else "").ljust(14)
            lines += textwrap.wrap(_shown(paragraph), 80, initial_indent=head, subsequent_indent=" " * 14)
    lines += ["", "Reports wait on this machine first: et.py pending lists them, et.py show prints one as it would leave."]
    return "\n".join(lines) + "\n"


def _duration(text):
    import re

    words = {"Y": "year", "M": "month", "W": "week", "D": "day"}
    return ", ".join(_plural(int(count), words[letter]) for count, letter in re.findall("([0-9]+)([YMWD])", text))


# et.py pending, show and drop


def _open_spool():
    spool = _user_folders()["spool"]
    try:
        unsafe = _unsafe(spool)
    except FileNotFoundError:
        return spool
    if unsafe is not None:
        raise _Refused("The spool %s can't be trusted: %s. Nothing was changed, and nothing is sent from there." % (spool, unsafe))
    return spool


def _names(folder, ending):
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(ending) and not name.startswith("."))
    except FileNotFoundError:
        return []


def _lines(spool, kind):
    """JSON lines of all writers; half a line of one that was killed is passed over."""
    folder = os.path.join(spool, kind)
    for name in _names(folder, ".jsonl"):
        for line in _read(os.path.join(folder, name)).split("\n"):
            try:
                value = _parse(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value


def _envelope_in(text):
    """An envelope and its report's bytes, or None where it is none."""
    import re

    try:
        value = _parse(text)
        report, notice = value["report"], value["notice"]
        shapes = (
            (report["id"], "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
            (report["run_id"], "[0-9a-f]{32}"),
            (report["project"], "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"),
        )
        is_one = value["et"] == 1 and _is_endpoint(value["endpoint"]) and _is_whole(notice["version"])
        is_one = is_one and isinstance(notice["digest"], str) and _is_text(value["grant"])
        is_one = is_one and isinstance(report["event"], str) and isinstance(report["occurred_at"], str)
        is_one = is_one and all(value.get(key) is None or isinstance(value[key], str) for key in ("hold", "erase_key"))
        if not is_one or not all(re.fullmatch(shape, found) for found, shape in shapes):
            return None
        return dict(value, text=_serialise(report))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _entry(folder, name):
    """A report's own file, or None. A link is not followed, and a pipe not waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(os.path.join(folder, name), flags)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        content = file.read(MAX_ENVELOPE_BYTES + 1) if os.fstat(descriptor).st_mode & 0o170000 == 0o100000 else b""
    if len(content) > MAX_ENVELOPE_BYTES:
        return None
    envelope = _envelope_in(content.decode("utf-8", "replace"))
    return None if envelope is None else dict(envelope, name=name, segment=None)


def _segment(folder, segment):
    """The reports of a segment: LENGTH NAME, a line feed, so many bytes, a line feed."""
    with open(os.path.join(folder, segment), "rb") as file:
        content = file.read()
    at = 0
    while at < len(content):
        end_of_line = content.find(b"\n", at)
        length, _, name = content[at : max(at, end_of_line)].partition(b" ")
        end = end_of_line + 1 + int(length) if length.isdigit() else len(content)
        if end_of_line < 0 or end >= len(content):
            return
        envelope = _envelope_in(content[end_of_line + 1 : end].decode("utf-8", "replace"))
        if envelope is not None:
            yield dict(envelope, name=name.decode("utf-8", "replace"), segment=segment)
        at = end + 1


def _folded(spool):
    folder = os.path.join(spool, "segments")
    for segment in _names(folder, ".seg"):
        for entry in _segment(folder, segment):
            yield entry
    for segment in _names(folder, ".folding"):
        for entry in _segment(folder, segment):
            if not os.path.exists(os.path.join(spool, "new", entry["name"])):
                yield entry


def _waiting(spool):
    """All that waits, each report once: folded ones first, then those with a file of their own."""
    gone, gone_from_segments = set(), set()
    for line in _lines(spool, "gone"):
        gone_from_segments.update(line.get("ids", ()))
        if line.get("folded") is not True:
            gone.update(line.get("ids", ()))
    for entry in _folded(spool):
        if entry["report"]["id"] not in gone_from_segments:
            gone_from_segments.add(entry["report"]["id"])
            yield entry
    folder = os.path.join(spool, "new")
    for name in _names(folder, ".json"):
        entry = _entry(folder, name)
        if entry is not None and entry["report"]["id"] not in gone:
            yield entry


def _markers(spool):
    """Runs under way, or not yet found to be gone: names of their markers, and what is reported if they are gone."""
    for name in _names(os.path.join(spool, "open"), ".json"):
        try:
            envelope = _envelope_in(_serialise(_parse(_read(os.path.join(spool, "open", name)))["envelope"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if envelope is not None:
            yield name, envelope


def _dropped(spool):
    """What had to go so far, by project and reason."""
    counts = {}
    for name in _names(os.path.join(spool, "lost"), ".json"):
        try:
            lost = _parse(_read(os.path.join(spool, "lost", name)))
            reasons = counts.setdefault(lost["project"], {})
            reasons[lost["reason"]] = reasons.get(lost["reason"], 0) + lost["count"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return counts


def _rejected(spool):
    folder = os.path.join(spool, "rejected")
    return (entry for entry in (_entry(folder, name) for name in _names(folder, ".json")) if entry is not None)


def _tried(spool):
    return {each["id"] for line in _lines(spool, "sent") for each in line.get("tried", ())}


def _state(entry, tried):
    """What may become of a report, in a word or two."""
    report = entry["report"]
    if report["id"] in tried:
        return "may have left"
    if _ruled_out(entry["endpoint"], _site_policy()) is not None:
        return "not allowed"
    state, record = _read_consent(_user_folders()["consent"], report["project"])
    if state == "unreadable":
        return "not allowed"
    mode = record["mode"] if state == "decided" else None
    if mode == "denied":
        return "never leaves"
    if entry["grant"] in (FLAG_GRANT, IMPORT_GRANT):
        if mode == "withdrawn" and report["occurred_at"] <= record["since"]:
            return "never leaves"
    elif mode is None:
        return "not allowed"
    elif mode == "withdrawn" or record["grant"] is None or record["grant"]["id"] != entry["grant"]:
        return "never leaves"
    elif mode == "local":
        return "local only"
    elif record["grant"]["endpoint"] != entry["endpoint"]:
        return "not allowed"
    return "waiting" if entry.get("hold") is None else "held"


def _pending_command(words, as_json):
    if words:
        raise _Refused("%r is one word too many." % words[0], 2)
    spool = _open_spool()
    if as_json:
        return _pending_json(spool)
    tried, count = _tried(spool), 0
    for count, entry in enumerate(_waiting(spool), 1):
        report = entry["report"]
        event = report["event"] if report.get("outcome") is None else "%s %s" % (report["event"], report["outcome"])
        if count == 1:
            _out("%-36s  %-24s  %-10s  %-12s  %-11s  %s\n" % ("ID", "TIME", "PROJECT", "COMMAND", "EVENT", "STATE"))
        cells = (report["id"], report["occurred_at"], report["project"], report.get("command") or "-", event)
        cells = tuple(_shown(str(cell)) for cell in cells)
        _out("%-36s  %-24s  %-10s  %-12s  %-11s  %s\n" % (cells + (_state(entry, tried),)))
    _out("No report waits.\n" if count == 0 else "%s.\n" % _plural(count, "report"))
    under_way, refused = sum(1 for _ in _markers(spool)), sum(1 for _ in _rejected(spool))
    if under_way:
        _out("%s under way, or not yet found to be gone.\n" % _plural(under_way, "run"))
    if refused:
        _out("%s refused by a server.\n" % _plural(refused, "report"))
    for project, reasons in sorted(_dropped(spool).items()):
        told = ", ".join("%d %s" % (reasons[reason], reason.replace("_", " ")) for reason in sorted(reasons))
        _out("Dropped of %s so far: %s.\n" % (_shown(str(project)), _shown(told)))
    return 0


def _pending_json(spool):
    """The same for programs, by the names that et pending --json has."""
    tried, count = _tried(spool), 0
    _out('{"reports":[')
    for count, entry in enumerate(_waiting(spool), 1):
        around = {key: entry.get(key) for key in ("et", "endpoint", "notice", "grant", "hold", "name")}
        around["state"] = _state(entry, tried)
        _out("%s\n%s" % ("," if count > 1 else "", _serialise(dict(entry["report"], spool=around))))
    keys = ("id", "run_id", "project", "command", "occurred_at")
    under_way = [{key: envelope["report"].get(key) for key in keys} for _, envelope in _markers(spool)]
    rest = {"count": count, "rejected": sum(1 for _ in _rejected(spool)), "open": under_way, "dropped": _dropped(spool)}
    _out("\n],%s\n" % _serialise(rest)[1:])
    return 0


def _find(spool, given):
    """The one report that the beginning of an id, or of its last part, means."""
    start, found = given.strip().lower(), {}
    for entries in (_waiting(spool), _rejected(spool)):
        for entry in entries:
            id = entry["report"]["id"]
            if start and (id.startswith(start) or id.rpartition("-")[2].startswith(start)):
                found.setdefault(id, entry)
    if not found:
        raise _Refused("No report's id begins with %r: it was sent, dropped, or never there. See: et.py pending" % given, 5)
    if len(found) > 1:
        raise _Refused("The ids of %d reports begin with %r. Nothing was changed. Give more of one." % (len(found), given), 5)
    return list(found.values())[0]


def _show_command(words):
    if len(words) != 1:
        raise _Refused("Which report? Give one id, as et.py pending prints it.", 2)
    text = _find(_open_spool(), words[0])["text"]
    _out(_shown(text, _json_escape) + "\n" if sys.stdout.isatty() else text)
    return 0


def _drop_command(words, everything, yes):
    if everything == bool(words):
        raise _Refused("Name reports by their ids, or give --all.", 2)
    spool = _open_spool()
    wanted = {_find(spool, word)["report"]["id"] for word in words}
    if everything and not yes:
        if not _can_ask():
            raise _Refused("There is no terminal to ask you at. If all shall go, say so with --yes.", 2)
        if not _agrees("Drop %s?" % _plural(sum(1 for _ in _waiting(spool)), "report")):
            _err("Nothing was dropped.\n")
            return 0
    done = _discard(spool, lambda entry: everything or entry["report"]["id"] in wanted, "dropped_by_user")
    waiting, rejected, tried = done
    _out("%s dropped.\n" % _plural(len(waiting) + len(rejected), "report"))
    may_have_left = [id for id in waiting + rejected if id in tried]
    if may_have_left:
        _out("%s may have left before:\n" % _plural(len(may_have_left), "report"))
        _out("".join("  %s\n" % id for id in may_have_left))
    return 0


def _discard(spool, is_wanted, reason):
    """Removes reports, counted first: (ids that waited, ids that were refused, ids that were in a request)."""
    _finish_losing(spool)
    groups, waiting, rejected = {}, [], []
    for entry in _waiting(spool):
        if is_wanted(entry):
            waiting.append(entry["report"]["id"])
            groups.setdefault((entry["report"]["project"], entry["endpoint"], entry["grant"]), []).append(entry)
    for key, group in groups.items():
        for at in range(0, len(group), 1000):
            _lose(spool, key, group[at : at + 1000], reason)
    for entry in _rejected(spool):
        if is_wanted(entry) and _unlink(os.path.join(spool, "rejected", entry["name"])):
            rejected.append(entry["report"]["id"])
    return waiting, rejected, _tried(spool)


def _unlink(path):
    try:
        os.unlink(path)
        return True
    except FileNotFoundError:
        return False


def _lose(spool, key, group, reason):
    """The count is written before anything is removed: whoever finds it after a crash removes the rest."""
    now_ms = int(time.time() * 1000)
    project, endpoint, grant = key
    lost = {"et": 1, "id": _report_id(now_ms), "at": _iso(now_ms), "project": project, "endpoint": endpoint}
    lost.update(grant=grant, reason=reason, count=len(group))
    lost["names"] = [entry["name"] for entry in group if entry["segment"] is None]
    lost["ids"] = [entry["report"]["id"] for entry in group]
    lost["told"] = False
    name = "%013d-%s.json" % (now_ms, lost["id"])
    _make_folder(os.path.join(spool, "lost"))
    _write_lost(spool, name, lost)
    _finish_lost(spool, name, lost, now_ms)


def _write_lost(spool, name, lost):
    temporary = os.path.join(spool, "tmp", "lost-%d-%s" % (os.getpid(), name))
    _make_folder(os.path.join(spool, "tmp"))
    _replace_durably(temporary, os.path.join(spool, "lost", name), _utf8(_serialise(lost) + "\n"))


def _finish_lost(spool, name, lost, at_ms):
    """Tombstones first: an uploader may be folding the loose file into a segment."""
    folder = os.path.join(spool, "gone")
    _make_folder(folder)
    if lost["ids"]:
        path = os.path.join(folder, "%013d-%s-0000.jsonl" % (at_ms, lost["id"]))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, _utf8(_serialise({"ids": lost["ids"]}) + "\n"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    for file in lost["names"]:
        _unlink(os.path.join(spool, "new", os.path.basename(file)))
    _write_lost(spool, name, dict(lost, names=[], ids=[]))


def _finish_losing(spool):
    """Ends what a drop that died had begun, so that nothing is counted twice."""
    for name in _names(os.path.join(spool, "lost"), ".json"):
        try:
            lost = _parse(_read(os.path.join(spool, "lost", name)))
            at_ms = int(name[:13])
            is_open = lost["et"] == 1 and bool(lost["names"] or lost["ids"])
        except (ValueError, KeyError, TypeError):
            continue
        if is_open:
            _finish_lost(spool, name, lost, at_ms)
'''


if __name__ == "__main__":
    exec(compile(_COMMAND, _THIS_FILE, "exec"))
    sys.exit(_main(sys.argv[1:]))
