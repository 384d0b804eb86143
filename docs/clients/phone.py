#!/usr/bin/env python3
"""The calls of ET's predecessor, for scripts that were written for its phone.py: nothing in them has to change.

Ship this file and et.py in the place of the predecessor's (ET/phone.py and ET/et.py, or both beside your script), and
your et.json beside your script:

    from ET import phone

    if args.phone_home:
        call = phone.Call(__file__, version.get_version(), platform=args.platform, test=args.test, fail='warn')
        call.send_data('start')
        call.send_data('prelim', run_data={'input_size': size})
        ...
        call.send_data('end', run_time=seconds, run_data={'reads': reads})

Where the predecessor sent, and waited for an answer, a report is left in the user's spool (et.py), which the user's
et-uploader sends later. So nothing here raises, prints, opens a socket or ends the script, whatever `fail` says; what
became of a report is told to the logger "ET.phone", at the level of info.

Consent: the predecessor left it to the script to call only when its user had given --phone-home. So a call is taken for
that flag, which is consent for this run alone. An administrator's policy, DO_NOT_TRACK, ET_DISABLED and a user who has
denied the project stand above it. Where your script calls without such a flag, say `phone_home=False`, and reports are
kept only of users who agreed beforehand (python3 et.py consent grant et.json).

The destination is the one in et.json, which users can look up: domain, timeout and secure are taken and change nothing.
What et.json does not declare of run_data is left out.

The file is a command, too, as the predecessor's was: python3 phone.py --help.
"""
import os
import sys

__all__ = ["Call", "send_end", "send_start"]

MANIFEST = "et.json"
# What the predecessor's server was told of a run beside what each script counts: docs/wire-format.md.
FIELDS = ("time", "input_size", "failed", "exception")
EVENTS = ("start", "prelim", "end")
RUN_ID_LENGTH = 24
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _load_et():
    """et.py, which stands beside this file; None where this Python is too old for it: then nothing is reported."""
    try:
        if __package__:
            import importlib

            return importlib.import_module(__package__ + ".et")
        import et

        return et
    except Exception:
        return None


_et = _load_et()


class Call(object):
    """A run, as the predecessor knew it. Nothing here raises or prints."""

    def __init__(
        self,
        script_path,
        version,
        run_id=None,
        domain=None,
        timeout=None,
        secure=None,
        platform=None,
        test=False,
        fail="exception",
        phone_home=True,
        manifest=None,
    ):
        """script_path: the script's `__file__`. version: a text, or what the predecessor's get_version() gives.

        run_id: of a run that another process has begun; else one is made. platform: such as 'galaxy'.
        phone_home: whether the user gave the script's flag. manifest: the path of et.json, where it is not beside.
        """
        self.run_id = run_id if _is_text(run_id) else make_run_id()
        self._manifest = manifest
        self._given = {}
        self._keywords = {"phone_home": phone_home is True}
        self._run = None
        self._has_begun = False
        _quietly(lambda: self._prepare(script_path, version, platform, test))

    def _prepare(self, script_path, version, platform, test):
        if _et is None:
            raise RuntimeError("et.py is not beside phone.py, or needs a newer Python")
        self._given = {"command": os.path.basename(script_path), "version": _version(version), "test": bool(test)}
        if _is_text(platform) and platform.lower() in _et.PLATFORMS:
            self._given["platform"] = platform.lower()
        if self._manifest is None:
            self._manifest = _find_manifest(script_path)
        self._keywords["erase_key"] = erase_key_of(_declared(self._manifest, "project"), self.run_id)
        self._run = _et.Run(self._manifest, **dict(self._given, **self._keywords))

    def send_data(self, event_type, run_data={}, run_time=None):
        """Leaves a report of the event: 'start', 'prelim' or 'end'. True when it is queued.

        run_time: seconds. run_data: what the script tells of its run.
        """
        return bool(_quietly(lambda: self._send(event_type, run_data, run_time)))

    def _send(self, event, run_data, run_time):
        if event not in EVENTS:
            raise ValueError("there is no event %r" % (event,))
        if self._run is None:
            return False
        if event == "start":
            self._has_begun = True
            return _told(event, self._run._begin())
        figures = self._figures(event, run_data, run_time)
        if not self._has_begun:
            return self.send_alone(event, **figures)
        return _told(event, self._run.prelim(**figures) if event == "prelim" else self._run.end(**figures))

    def _figures(self, event, run_data, run_time):
        told = dict(run_data) if isinstance(run_data, dict) else {}
        if run_time is not None:
            told.setdefault("time", run_time)
        return _figures(told, event, _declared(self._manifest, "inputs"))

    def send_alone(self, event, **figures):
        """Leaves a report of a run that other processes begin or end. True when it is queued."""
        given = dict(self._given, **dict(self._keywords, **figures))
        return _told(event, _et.enqueue(self._manifest, event=event, **given))


def send_start(script_path, version, domain=None, secure=None, platform=None, test=False, fail="warn"):
    """Leaves a report that a run starts, and returns its run id, for send_end."""
    call = Call(script_path, version, platform=platform, test=test)
    call.send_data("start")
    _calls[call.run_id] = call
    return call.run_id


def send_end(
    script_path,
    version,
    run_id,
    run_time,
    optional_run_data={},
    domain=None,
    secure=None,
    platform=None,
    test=False,
    fail="warn",
):
    """Leaves a report that a run has ended. True when it is queued."""
    call = _quietly(lambda: _calls.pop(run_id, None))
    if call is None:
        call = Call(script_path, version, run_id=run_id, platform=platform, test=test)
    return call.send_data("end", run_data=optional_run_data, run_time=run_time)


# Runs that send_start began in this process, by their run ids.
_calls = {}


def make_run_id():
    """24 letters and digits that nobody can guess: what erases the run is made of them."""
    return "".join(ALPHABET[byte & 63] for byte in bytearray(os.urandom(RUN_ID_LENGTH)))


def erase_key_of(project, run_id):
    """The key of a run whose id is a text of the script's own: et-server makes the same of the predecessor's runs."""
    return _et._sha256("et-predecessor\n%s\n%s" % (project, run_id))[:32]


def _figures(told, event, inputs):
    """The fields of a report that a script's run_data amounts to: as et-server reads the predecessor's calls."""
    inputs = inputs if isinstance(inputs, dict) else {}
    figures = {"data": {}, "inputs": {}}
    for key, value in told.items():
        if key in inputs:
            figures["inputs"][key] = value
        elif key not in FIELDS:
            figures["data"][key] = value
    if told.get("time") is not None:
        figures["wall_s"] = told["time"]
        figures["measured_by"] = {"wall_s": "script"}
    if event == "end":
        figures["outcome"] = "failed" if told.get("failed") else "ok"
    exception = _exception(told.get("exception"))
    if exception is not None:
        figures["exception"] = exception
    return figures


def _exception(value):
    """Its type and the project's own places, innermost first, out of what the predecessor's scripts gathered."""
    if not isinstance(value, dict):
        return None
    entries = value.get("traceback")
    entries = [each for each in entries if isinstance(each, dict)] if isinstance(entries, (list, tuple)) else []
    frames = [
        {"file": each.get("file"), "line": each.get("line"), "function": each.get("function")}
        for each in reversed(entries)
        if _is_text(each.get("file")) and _et._is_own_file(each["file"])
    ]
    return {"type": value.get("type"), "frames": frames}


def _find_manifest(script_path):
    """et.json beside the script, beside this file, or where this file's folder stands; the first where there is none."""
    own = os.path.dirname(os.path.abspath(__file__))
    folders = [os.path.dirname(os.path.realpath(script_path)), own, os.path.dirname(own)]
    paths = [os.path.join(folder, MANIFEST) for folder in folders]
    return next((path for path in paths if os.path.isfile(path)), paths[0])


def _declared(manifest, name):
    """What et.json says under a name. et.py looks the whole through."""
    return _et._manifest_file(manifest)[1].get(name)


def _version(version):
    version = getattr(version, "version", version)
    return None if version is None else str(version)


def _is_text(value):
    return isinstance(value, str) and value != ""


def _quietly(work):
    try:
        return work()
    except Exception as error:
        try:
            _log("Not reported: %s: %s" % (type(error).__name__, error))
        except Exception:
            pass


def _told(event, result):
    """Whether a report is queued; the script's log hears why not, where the script has one that asks for so much."""
    _log("%s: %s" % (event, " ".join(str(word) for word in (result.status, result.reason, result.detail) if word)))
    return result.status == "queued"


def _log(message):
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("ET.phone").info(message)


# The command. A shell script has one process for the start and another for the end.


def _parser():
    import argparse
    import logging

    parser = argparse.ArgumentParser(
        prog="phone.py",
        description="Leave a report of a run in its user's spool, as ET's predecessor sent one: start prints the run id "
        "that prelim and end are given. Calling it is taken for the user's --phone-home.",
    )
    parser.set_defaults(secure=True, volume=logging.ERROR)
    add = parser.add_argument
    add("event_type", choices=EVENTS)
    add("-d", "--domain", help="Taken, and changes nothing: reports go where et.json says.")
    add("-p", "--project", help="Taken, and changes nothing: the project is the one of et.json.")
    add("-s", "--script", default="phone.py", help="The script's path or name. Default: %(default)s")
    add("-v", "--version", default="0.0", help="The script's version. Default: %(default)s")
    add("-i", "--run-id", help="The run id that start printed.")
    add("-t", "--run-time", type=float, help="The run time, in seconds.")
    add("-r", "--run-data", default="{}", help="What the script tells of the run, such as its input size, in JSON.")
    add("-P", "--platform", help="What the script was started by, such as galaxy.")
    add("-T", "--test", action="store_true", help="Mark this run as a test.")
    add("-m", "--manifest", help="The path of et.json. Default: beside the script, or beside this file.")
    add("-S", "--secure", action="store_true", help="Taken, and changes nothing: nothing is sent from here.")
    add("-I", "--insecure", dest="secure", action="store_false", help="Taken, and changes nothing.")
    add("-l", "--log", help="Print messages to this file instead of the error stream. It is overwritten.")
    add("-q", "--quiet", dest="volume", action="store_const", const=logging.CRITICAL, help="Print no errors.")
    add("-V", "--verbose", dest="volume", action="store_const", const=logging.INFO, help="Say what became of a report.")
    add("-D", "--debug", dest="volume", action="store_const", const=logging.DEBUG, help="As --verbose.")
    return parser


def _main(words):
    """Ends with 0 whatever became of a report; with 1 or 2 where it is called wrongly."""
    import json
    import logging

    args = _parser().parse_args(words)
    log_to = {"stream": sys.stderr} if args.log is None else {"filename": args.log, "filemode": "w"}
    logging.basicConfig(level=args.volume, format="%(message)s", **log_to)
    if args.event_type != "start" and not args.run_id:
        return _wrong("--run-id is required for event_type %r" % args.event_type)
    if args.event_type == "end" and args.run_time is None:
        return _wrong("--run-time is required for event_type 'end'")
    try:
        run_data = json.loads(args.run_data)
    except ValueError:
        return _wrong("--run-data must be valid JSON, and is %r" % args.run_data)
    manifest = args.manifest or _find_manifest(args.script if os.path.dirname(args.script) else __file__)
    call = Call(args.script, args.version, args.run_id, platform=args.platform, test=args.test, manifest=manifest)
    if args.event_type == "start":
        # The run goes on when this process ends.
        _quietly(lambda: call.send_alone("start"))
        print(call.run_id)
    else:
        call.send_data(args.event_type, run_data, args.run_time)
    return 0


def _wrong(message):
    sys.stderr.write("phone.py: %s. Nothing was reported.\n" % message)
    return 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
