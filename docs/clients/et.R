# Reports of a script's runs, left in its user's local spool: R 3.5 or newer on Unix, and base R alone.
#
# Ship this file and your et.json beside your script:
#
#     here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1]))
#     source(file.path(here, "et.R"))
#     run <- et$start(et$beside("et.json"), command = "align", version = "1.2", inputs = c(reads = 4000000))
#     ...
#     run$data(duplexes = 1200)
#     run$end()
#
# Or, of a run that has ended:
#
#     et$enqueue("et.json", command = "align", wall_s = 12.5, inputs = c(reads = 4000000))
#
# Without its user's consent nothing is written anywhere. Nothing here stops the script, warns, prints, opens a socket,
# draws from its random numbers, or leaves anything in its workspace but `et`. docs/spool-format.md of ET says what is
# written, docs/consent.md when.
#
# R has no fsync: a shell that has coreutils' sync, or Perl, does it, one short process a report. Where neither is there,
# a power failure may cost the report.

et <- local({
    MAX_REPORT_BYTES <- 64 * 1024
    MAX_LABEL_LENGTH <- 128
    MAX_TEXT_LENGTH <- 512
    MAX_ENTRIES <- 64
    MAX_FRAMES <- 32
    MAX_SAFE_INTEGER <- 9007199254740991
    SITE_POLICY <- "/etc/et/policy.json"
    EVENTS <- c("start", "prelim", "end", "vanished")
    OUTCOMES <- c("ok", "failed", "killed", "unknown")
    PLATFORMS <- c("galaxy", "slurm", "pbs", "sge", "lsf", "nextflow", "snakemake", "cwl", "ci", "container")
    MEASURES <- c("wall_s", "cpu_user_s", "cpu_system_s", "max_rss_bytes", "threads", "read_bytes", "written_bytes")

    # What a script calls. Each returns a list: status "queued", "not_consented" or "dropped", with the reason.

    # The path of a file that is shipped beside this one.
    beside <- function(name = "et.json") {
        if (is.null(FOLDER)) name else file.path(FOLDER, name)
    }

    # Keeps one report of a run that has ended. manifest: the path of your et.json; phone_home: TRUE where the user
    # started the script with its --phone-home; else fields by their names in docs/wire-format.md.
    enqueue <- function(manifest = NULL, phone_home = FALSE, ...) {
        force(manifest)
        force(phone_home)
        given <- list(...)
        invisible(guarded(put_report(manifest, phone_home, given, NULL)))
    }

    # Begins a run: says that it started, and measures from here. Where run$end() is not called, the run ends with R:
    # failed where an error ended it that nothing caught, and unknown otherwise, since R does not tell how it quits.
    start <- function(manifest = NULL, phone_home = FALSE, inputs = NULL, data = NULL, ...) {
        run <- new_run(manifest, phone_home, inputs, data, list(...))
        guarded(watch(run$.state))
        listen()
        invisible(run)
    }

    # A run around a function, which is given the run: its value is returned, and its error goes on, unchanged.
    within_run <- function(work, manifest = NULL, phone_home = FALSE, inputs = NULL, data = NULL, ...) {
        run <- new_run(manifest, phone_home, inputs, data, list(...))
        state <- run$.state
        guarded(watch(state))
        on.exit(guarded(end(state, if (is.null(state$died)) list(outcome = "unknown") else state$died)))
        value <- withCallingHandlers(
            work(run),
            error = function(condition) guarded(state$died <- failure(condition, sys.calls(), sys.nframe())),
            interrupt = function(condition) state$died <- list(outcome = "killed", signal = "SIGINT")
        )
        run$end()
        invisible(value)
    }

    # A run under way: an environment of functions, none of which stops or warns.
    new_run <- function(manifest, phone_home, inputs, data, given) {
        state <- new.env(parent = emptyenv())
        state$manifest <- manifest
        state$phone_home <- phone_home
        state$inputs <- entries(inputs)
        state$data <- entries(data)
        state$given <- given
        state$pid <- Sys.getpid()
        state$ended <- FALSE
        state$marker <- new.env(parent = emptyenv())
        state$started_s <- clock_s()
        guarded(begin(state))
        run <- new.env(parent = emptyenv())
        run$.state <- state
        run$id <- state$identity$run_id
        # The size of an input, in the unit that the manifest declares: run$input(reads = 4000000).
        run$input <- function(...) invisible(guarded(noted(state, "inputs", list(...))))
        # What the manifest declares besides.
        run$data <- function(...) invisible(guarded(noted(state, "data", list(...))))
        # Reports what is known before the work, such as the sizes of inputs.
        run$prelim <- function(...) {
            figures <- list(...)
            invisible(guarded(report_of(state, "prelim", figures)))
        }
        # Reports the end: wall time, CPU and peak memory are measured here. Further calls change nothing.
        run$end <- function(outcome = "ok", ...) {
            figures <- list(outcome = outcome, ...)
            invisible(guarded(end(state, figures)))
        }
        run
    }

    # Whatever goes wrong becomes a result. R would compile these functions as they are first called, which takes it ten
    # times longer than all they have to do.
    guarded <- function(work) {
        suppressWarnings(suppressMessages(tryCatch({
            level <- compiler::enableJIT(0)
            on.exit(compiler::enableJIT(level))
            work
        }, error = function(error) {
            reason <- if (inherits(error, "et_manifest")) "invalid_manifest" else "internal_error"
            dropped(reason, conditionMessage(error))
        })))
    }

    dropped <- function(reason, detail) list(status = "dropped", reason = reason, detail = detail)

    noted <- function(state, what, given) {
        if (length(given) == 1 && is.null(names(given))) given <- given[[1]]
        state[[what]] <- merged(state[[what]], entries(given))
        NULL
    }

    # A list with a name for each element, out of a list or a vector that has names.
    entries <- function(values) {
        if (is.null(values) || is.null(names(values))) return(list())
        values <- as.list(values)
        values[!is.na(names(values)) & names(values) != ""]
    }

    merged <- function(former, later) {
        for (name in names(later)) former[name] <- list(later[[name]])
        former
    }

    # A run's beginning and end.

    begin <- function(state) {
        manifest <- declared(state$manifest, folders())$manifest
        state$identity <- new_identity(manifest, random_hex(16))
        if (is.null(state$identity)) return(NULL)
        report_of(state, "start", list())
        state$started_s <- clock_s()
        state$before <- proc.time()
        NULL
    }

    end <- function(state, figures) {
        if (state$pid != Sys.getpid()) return(dropped("not_its_process", "this run is another process's"))
        if (state$ended) return(dropped("run_ended", "this run has ended before"))
        state$ended <- TRUE
        if (!is.null(state$identity) && exists(state$identity$run_id, OPEN)) rm(list = state$identity$run_id, envir = OPEN)
        if (is.null(state$identity)) return(dropped("sampled_out", "this run is not reported"))
        result <- report_of(state, "end", merged(used_since(state), figures))
        if (!is.null(state$marker$path)) unlink(state$marker$path)
        result
    }

    report_of <- function(state, event, figures) {
        if (state$pid != Sys.getpid()) return(dropped("not_its_process", "this run is another process's"))
        if (is.null(state$identity)) return(dropped("sampled_out", "this run is not reported"))
        given <- merged(state$given, figures)
        given$inputs <- merged(state$inputs, entries(figures$inputs))
        given$data <- merged(state$data, entries(figures$data))
        given$event <- event
        given$since_start_s <- max(0, round(clock_s() - state$started_s, 3))
        if (event == "end") return(put_report(state$manifest, state$phone_home, given, state$identity))
        state$marker$used <- if (is.null(state$before)) list() else used_since(state)
        put_report(state$manifest, state$phone_home, given, state$identity, state$marker)
    }

    # Ends the run with R. What a script has set itself (.Last, options(error=), handlers) is left alone.
    watch <- function(state) {
        if (is.null(state$identity)) return(NULL)
        reg.finalizer(state, function(state) guarded(end_with_r(state)), onexit = TRUE)
        assign(state$identity$run_id, state, envir = OPEN)
    }

    OPEN <- new.env()
    is_listening <- FALSE

    # What nothing catches passes here, and goes on as it would have gone. R 4.0 has such handlers, and takes one only
    # where nobody up the stack has one: in such a place the run ends as unknown.
    listen <- function() {
        if (is_listening || length(ls(OPEN)) == 0 || !can_listen(sys.frames())) return(NULL)
        is_listening <<- TRUE
        get("globalCallingHandlers", baseenv())(
            error = function(condition) guarded(note_death(failure(condition, sys.calls(), sys.nframe()))),
            interrupt = function(condition) guarded(note_death(list(outcome = "killed", signal = "SIGINT")))
        )
    }

    can_listen <- function(frames) {
        if (!exists("globalCallingHandlers", baseenv())) return(FALSE)
        handling <- list(tryCatch, withCallingHandlers)
        for (at in seq_along(frames)) {
            for (each in handling) if (identical(sys.function(at), each)) return(FALSE)
        }
        # The stack of handlers itself, on which this very question puts one.
        stacked <- tryCatch(
            length(eval(quote(.Internal(.addCondHands(NULL, NULL, NULL, NULL, FALSE))), baseenv())) - 1,
            error = function(error) NA
        )
        identical(as.numeric(stacked), as.numeric(length(get("globalCallingHandlers", baseenv())())))
    }

    note_death <- function(death) for (id in ls(OPEN)) OPEN[[id]]$died <- death

    end_with_r <- function(state) {
        if (state$ended || state$pid != Sys.getpid()) return(NULL)
        ending <- if (is.null(state$died) || interactive()) list(outcome = "unknown") else state$died
        end(state, ending)
    }

    # Where it failed, and by what; the message stays here.
    failure <- function(condition, calls, depth) {
        frames <- list()
        for (at in rev(seq_len(depth - 1))) {
            if (length(frames) == MAX_FRAMES) break
            work <- sys.function(at)
            if (!is.function(work) || !identical(topenv(environment(work)), globalenv())) next
            if (identical(parent.env(environment(work)), INNER) || identical(environment(work), INNER)) next
            name <- calls[[at]][[1]]
            place <- if (at < length(calls)) attr(calls[[at + 1]], "srcref") else NULL
            file <- attr(place, "srcfile")$filename
            frames[[length(frames) + 1]] <- list(
                file = if (is.null(file) || file == "") SCRIPT else file,
                line = if (is.null(place)) NULL else as.integer(place)[1],
                "function" = if (is.name(name)) as.character(name) else NULL
            )
        }
        if (length(frames) == 0) frames <- list(list(file = SCRIPT, line = NULL, "function" = NULL))
        list(outcome = "failed", exit_code = 1, exception = list(type = class(condition)[1], frames = frames))
    }

    # Seconds since the machine was started, where it tells (to a hundredth), since nothing sets that clock.
    clock_s <- function() {
        uptime <- tryCatch(suppressWarnings(scan("/proc/uptime", n = 1, quiet = TRUE)), error = function(error) NULL)
        if (is.null(uptime)) proc.time()[["elapsed"]] else uptime
    }

    used_since <- function(state) {
        after <- proc.time()
        since <- function(...) max(0, sum(after[c(...)] - state$before[c(...)]))
        used <- list(
            wall_s = max(0, round(clock_s() - state$started_s, 3)),
            cpu_user_s = round(since(1, 4), 3),
            cpu_system_s = round(since(2, 5), 3),
            measured_by = list(
                wall_s = if (file.exists("/proc/uptime")) "uptime" else "elapsed",
                cpu_user_s = "getrusage+children",
                cpu_system_s = "getrusage+children"
            )
        )
        peak <- high_water_mark()
        if (!is.null(peak)) {
            used$max_rss_bytes <- peak
            used$measured_by$max_rss_bytes <- "VmHWM"
        }
        used
    }

    # The most memory of this process alone.
    high_water_mark <- function() {
        lines <- tryCatch(suppressWarnings(readLines("/proc/self/status")), error = function(error) character())
        line <- grep("^VmHWM:", lines, value = TRUE)
        if (length(line) == 1) as.numeric(gsub("[^0-9]", "", line)) * 1024 else NULL
    }

    # From figures to a file of the spool.

    put_report <- function(source, phone_home, given, identity, marker = NULL) {
        places <- folders()
        found <- declared(source, places)
        manifest <- found$manifest
        if (is.null(places)) return(dropped("no_home", "no home folder, and no ET_SPOOL"))
        policy <- site_policy()
        verdict <- may_keep(manifest, isTRUE(phone_home), policy, found$reading)
        if (!is.null(verdict$refusal)) return(list(status = "not_consented", reason = verdict$refusal))
        if (is.list(verdict$by) && !identical(verdict$by$text, consent_text(manifest))) {
            manifest <- covered_by(parse_json(verdict$by$text), manifest)
        }
        event <- if (is.null(given$event)) "end" else given$event
        if (!is_text(event) || !(event %in% EVENTS)) return(dropped("invalid_report", "there is no event of that name"))
        if (is.null(identity)) identity <- new_identity(manifest, random_hex(16))
        if (is.null(identity)) return(dropped("sampled_out", "the author's sampling leaves this run out"))
        now_ms <- floor(as.numeric(Sys.time()) * 1000)
        id <- new_report_id(now_ms)
        without <- c(policy$without, unlist(found$reading$record$grant$without))
        given <- placed_in(given, without)
        report <- report_json(given, event, manifest, identity, id, now_ms, without)
        size <- nchar(report, "bytes")
        if (size > MAX_REPORT_BYTES) return(dropped("too_large", paste(MAX_REPORT_BYTES, "bytes are allowed")))
        envelope <- envelope_json(report, manifest, identity, verdict$by)
        name <- sprintf("%013.0f-%s-%d-%s%s.json", now_ms, host(), Sys.getpid(), substr(identity$run_id, 1, 8), random_hex(4))
        refusal <- put_file(places$spool, name, envelope)
        if (!is.null(refusal)) return(refusal)
        if (!is.null(marker)) {
            vanished <- merged(merged(given, marker$used), list(outcome = "unknown"))
            envelope_of <- function(id) {
                report <- report_json(vanished, "vanished", manifest, identity, id, now_ms, without)
                envelope_json(report, manifest, identity, verdict$by)
            }
            tryCatch(leave_marker(marker, places$spool, name, now_ms, envelope_of), error = function(error) NULL)
        }
        list(status = "queued", id = id, run_id = identity$run_id, path = file.path(places$spool, "new", name))
    }

    # What a run leaves of which nothing is heard any more: docs/spool-format.md.

    # Leaves it, or writes it anew with what is known by now. Not synced: after a power failure the run is gone, too.
    leave_marker <- function(marker, spool, name, now_ms, envelope_of) {
        if (is.null(marker$path)) {
            marker$path <- file.path(spool, "open", name)
            marker$id <- new_report_id(now_ms)
            marker$where <- whereabouts()
        } else if (!file.exists(marker$path)) {
            return(NULL) # Its user has withdrawn, or forgotten the run.
        }
        former <- Sys.umask("077")
        on.exit(Sys.umask(former))
        dir.create(file.path(spool, "open"))
        content <- paste0(
            marker$where, ",\"oom\":", out_of_memory_json(), ",\"seen_at\":", text_json(iso_time(now_ms)),
            ",\"gone\":null,\"envelope\":", sub("\n$", "}\n", envelope_of(marker$id))
        )
        temporary <- file.path(spool, "tmp", paste0(basename(marker$path), ".tmp"))
        if (is.null(write_new(temporary, charToRaw(content)))) file.rename(temporary, marker$path)
    }

    # Which process this is, so that another can tell later whether it lives. What a system does not tell is null.
    whereabouts <- function() {
        machine <- line_of("/etc/machine-id")
        stat <- strsplit(sub("^.*\\) ", "", line_of("/proc/self/stat")), " ")[[1]]
        is_own <- length(stat) >= 20 && identical(sub(" .*$", "", line_of("/proc/self/stat")), as.character(Sys.getpid()))
        space <- function(kind) {
            link <- Sys.readlink(paste0("/proc/self/ns/", kind))
            if (is_text(link)) text_json(link) else "null"
        }
        paste0(
            "{\"et\":1,\"host\":", text_json(host()), ",\"machine\":",
            if (machine == "") "null" else text_json(substr(sha256(machine), 1, 12)),
            ",\"boot_id\":", or_null(line_of("/proc/sys/kernel/random/boot_id")), ",\"pid_ns\":", space("pid"),
            ",\"time_ns\":", space("time"), ",\"processes\":[{\"pid\":", Sys.getpid(),
            ",\"start_ticks\":", if (is_own) stat[20] else "null", "}],\"job\":", job_json()
        )
    }

    or_null <- function(text) if (text == "") "null" else text_json(text)

    # "" where there is none.
    line_of <- function(path) tryCatch(trimmed(read_text(path)), error = function(error) "")

    # A job of Slurm, which can be asked what became of it: sbatch(1).
    job_json <- function() {
        array <- Sys.getenv(c("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"), unset = NA)
        job <- if (anyNA(array)) Sys.getenv("SLURM_JOB_ID") else paste(array, collapse = "_")
        if (!grepl("^[0-9]+(_[0-9]+)?$", job)) return("null")
        cluster <- Sys.getenv("SLURM_CLUSTER_NAME")
        cluster <- if (grepl("^[A-Za-z0-9_.-]+$", cluster)) text_json(cluster) else "null"
        paste0("{\"scheduler\":\"slurm\",\"id\":", text_json(job), ",\"cluster\":", cluster, "}")
    }

    # How often the kernel has killed for want of memory where this process is: cgroups(7), of both versions.
    out_of_memory_json <- function() {
        for (line in strsplit(line_of("/proc/self/cgroup"), "\n")[[1]]) {
            parts <- regmatches(line, regexec("^[0-9]+:([^:]*):(.*)$", line))[[1]]
            if (length(parts) != 3) next
            path <- if (parts[3] == "/") "" else parts[3]
            files <- character()
            if (parts[2] == "") files <- paste0("/sys/fs/cgroup", c("", "/unified"), path, "/memory.events")
            if ("memory" %in% strsplit(parts[2], ",")[[1]]) files <- paste0("/sys/fs/cgroup/memory", path, "/memory.oom_control")
            for (file in files) {
                count <- grep("^oom_kill [0-9]+$", strsplit(line_of(file), "\n")[[1]], value = TRUE)
                if (length(count) == 1) return(paste0("{\"file\":", text_json(file), ",\"kills\":", sub("oom_kill ", "", count), "}"))
            }
        }
        "null"
    }

    # What a run's reports share; NULL where sampling leaves it out: the run id decides, in all languages alike.
    new_identity <- function(manifest, key) {
        run_id <- substr(sha256(key), 1, 32)
        if (hex_value(substr(run_id, 1, 8)) / 2^32 >= manifest$sample) return(NULL)
        list(key = key, run_id = run_id, weight = 1 / manifest$sample)
    }

    envelope_json <- function(report, manifest, identity, by) {
        if (identical(by, "flag")) {
            notice <- list(version = manifest$notice$version, digest = sha256(consent_text(manifest)))
            grant <- "flag"
            hold <- "null"
        } else {
            notice <- by$notice
            grant <- by$id
            hold <- if (isTRUE(by$review$approve)) "\"approve\"" else "null"
        }
        paste0(
            "{\"et\":1,\"endpoint\":", text_json(manifest$endpoint), ",\"notice\":{\"version\":", number_json(notice$version),
            ",\"digest\":", text_json(notice$digest), "},\"grant\":", text_json(grant), ",\"hold\":", hold,
            ",\"erase_key\":", text_json(identity$key), ",\"report\":", report, "}\n"
        )
    }

    # A UUID of version 7 (RFC 9562).
    new_report_id <- function(now_ms) {
        digits <- random_hex(10)
        substr(digits, 1, 1) <- "7"
        substr(digits, 5, 5) <- substring("89ab", 1:4, 1:4)[hex_value(substr(digits, 5, 5)) %% 4 + 1]
        high <- now_ms %/% 65536
        time <- paste0(hex_of(high %/% 65536, 4), hex_of(high %% 65536, 4), "-", hex_of(now_ms %% 65536, 4))
        paste(time, substr(digits, 1, 4), substr(digits, 5, 8), substr(digits, 9, 20), sep = "-")
    }

    iso_time <- function(ms) {
        seconds <- ms %/% 1000
        sprintf("%s.%03.0fZ", format(as.POSIXct(seconds, origin = "1970-01-01", tz = "UTC"), "%Y-%m-%dT%H:%M:%S"), ms %% 1000)
    }

    # From the system: a script's own random numbers stay what they were.
    random_hex <- function(count) {
        source <- file("/dev/urandom", "rb", raw = TRUE)
        on.exit(close(source))
        bytes <- readBin(source, "raw", count)
        if (length(bytes) != count) stop("no random bytes")
        paste(as.character(bytes), collapse = "")
    }

    hex_of <- function(value, digits) sprintf(paste0("%0", digits, "x"), as.integer(value))

    hex_value <- function(digits) {
        sum((match(strsplit(digits, "")[[1]], c(0:9, letters[1:6])) - 1) * 16^(nchar(digits):1 - 1))
    }

    HOST <- NULL
    host <- function() {
        if (!is.null(HOST)) return(HOST)
        name <- tryCatch(read_text("/proc/sys/kernel/hostname"), error = function(error) Sys.info()[["nodename"]])
        HOST <<- substr(sha256(trimmed(name)), 1, 12)
        HOST
    }

    # A report, as JSON: what is declared, of the declared types. What is not known is null, and never 0.

    report_json <- function(given, event, manifest, identity, id, now_ms, without) {
        known <- function(name, json) if (name %in% without) "null" else json(given[[name]])
        platform <- if ("platform" %in% without) "null" else known("platform_inner", one_of(PLATFORMS))
        methods <- methods_json(entries(given$measured_by), without)
        fields <- c(
            id = text_json(id),
            run_id = text_json(identity$run_id),
            event = text_json(event),
            project = text_json(manifest$project),
            command = known("command", label_json),
            version = known("version", label_json),
            manifest_notice = number_json(manifest$notice$version),
            occurred_at = text_json(iso_time(now_ms)),
            since_start_s = known("since_start_s", amount_json),
            test = if (isTRUE(given$test)) "true" else "false",
            platform = known("platform", one_of(PLATFORMS)),
            platform_inner = platform,
            outcome = known("outcome", one_of(OUTCOMES)),
            exit_code = known("exit_code", exit_code_json),
            signal = known("signal", signal_json),
            wall_s = known("wall_s", amount_json),
            cpu_user_s = known("cpu_user_s", amount_json),
            cpu_system_s = known("cpu_system_s", amount_json),
            max_rss_bytes = known("max_rss_bytes", count_json),
            threads = known("threads", count_json),
            read_bytes = known("read_bytes", count_json),
            written_bytes = known("written_bytes", count_json),
            measured_by = methods,
            limits = known("limits", limits_json),
            kill_reason = known("kill_reason", label_json),
            weight = number_json(identity$weight),
            inputs = inputs_json(entries(given$inputs), manifest$inputs, without),
            exception = known("exception", exception_json),
            data = data_json(entries(given$data), manifest$data, without)
        )
        paste0("{", paste0("\"", names(fields), "\":", fields, collapse = ","), "}")
    }

    methods_json <- function(methods, without) {
        if ("measured_by" %in% without) return("{}")
        named <- setdiff(intersect(MEASURES, names(methods)), without)
        texts <- vapply(named, function(name) label_json(methods[[name]]), "")
        named <- named[texts != "null"]
        object_json(named, texts[texts != "null"])
    }

    inputs_json <- function(sizes, declared, without) {
        if ("inputs" %in% without) return("[]")
        named <- setdiff(intersect(names(sizes), names(declared)), sub("^inputs\\.", "", without[grepl("^inputs\\.", without)]))
        each <- vapply(named, function(name) {
            paste0(
                "{\"name\":", text_json(name), ",\"unit\":", text_json(declared[[name]]$unit),
                ",\"size\":", amount_json(sizes[[name]]), "}"
            )
        }, "")
        paste0("[", paste(each, collapse = ","), "]")
    }

    data_json <- function(values, declared, without) {
        if ("data" %in% without) return("{}")
        kept <- character()
        texts <- character()
        for (key in in_order(names(values))) {
            type <- if (key != "*" && key %in% names(declared)) declared[[key]]$type else NULL
            if (is.null(type) && "*" %in% names(declared) && is_name(key)) type <- "any"
            if (is.null(type) || paste0("data.", key) %in% without || length(kept) == MAX_ENTRIES) next
            json <- value_json(type, values[[key]])
            if (is.null(json)) next
            kept <- c(kept, key)
            texts <- c(texts, json)
        }
        object_json(kept, texts)
    }

    # NULL where it is not of its type.
    value_json <- function(type, value) {
        if (is_missing(value)) return("null")
        if (is.factor(value)) value <- as.character(value)
        if (length(value) != 1) return(NULL)
        if (is.logical(value)) return(if (type %in% c("boolean", "any")) if (value) "true" else "false")
        if (is.character(value)) return(if (type %in% c("string", "any")) text_json(scrub_text(value)))
        number <- number_of(value)
        if (is.null(number) || type %in% c("string", "boolean")) return(NULL)
        if (type == "integer" && !is_whole(number)) return(NULL)
        number_json(number)
    }

    is_missing <- function(value) is.null(value) || (is.atomic(value) && length(value) == 1 && is.na(value) && !is.nan(value))

    limits_json <- function(limits) {
        limits <- entries(limits)
        if (length(limits) == 0) return("null")
        paste0(
            "{\"memory_bytes\":", count_json(limits$memory_bytes), ",\"wall_s\":", amount_json(limits$wall_s),
            ",\"cpus\":", amount_json(limits$cpus), "}"
        )
    }

    exception_json <- function(exception) {
        if (!is.list(exception)) return("null")
        frames <- Filter(is.list, if (is.list(exception$frames)) exception$frames else list())
        each <- vapply(frames[seq_len(min(length(frames), MAX_FRAMES))], function(frame) {
            file <- if (is_string(frame$file)) plain(base_name(as_utf8(frame$file)), MAX_LABEL_LENGTH) else ""
            paste0(
                "{\"file\":", text_json(if (file == "") "?" else file), ",\"line\":", count_json(frame$line),
                ",\"function\":", label_json(frame[["function"]]), "}"
            )
        }, "")
        type <- label_json(exception$type)
        paste0("{\"type\":", if (type == "null") "\"Error\"" else type, ",\"frames\":[", paste(each, collapse = ","), "]}")
    }

    number_of <- function(value) {
        if (!is.numeric(value) || length(value) != 1) return(NULL)
        number <- as.numeric(value)
        if (is.finite(number)) number else NULL
    }

    is_whole <- function(number) number == floor(number) && abs(number) <= MAX_SAFE_INTEGER

    amount_json <- function(value) {
        number <- number_of(value)
        if (is.null(number) || number < 0) "null" else number_json(number)
    }

    count_json <- function(value) {
        number <- number_of(value)
        if (is.null(number) || number < 0 || number > MAX_SAFE_INTEGER) "null" else number_json(floor(number + 0.5))
    }

    exit_code_json <- function(value) {
        number <- number_of(value)
        if (is.null(number) || !is_whole(number) || number < -2^31 || number >= 2^32) "null" else number_json(number)
    }

    one_of <- function(allowed) function(value) if (is_string(value) && value %in% allowed) text_json(value) else "null"

    signal_json <- function(value) {
        if (is_string(value) && grepl("^SIG[A-Z0-9+]{1,16}$", value)) text_json(value) else "null"
    }

    label_json <- function(value) {
        text <- if (is_string(value)) scrub_label(as_utf8(value)) else ""
        if (text == "") "null" else text_json(text)
    }

    is_string <- function(value) is.character(value) && length(value) == 1 && !is.na(value)
    is_text <- function(value) is_string(value) && value != ""

    # What the run was started by, and what it was given: docs/platforms.md, by variables alone.

    # Outermost first. Any of the variables tells; those with a space between have to be there together.
    SIGNS <- list(
        ci = c(
            "CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "BUILDKITE", "TRAVIS", "CIRCLECI",
            "APPVEYOR", "TF_BUILD", "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID", "BITBUCKET_BUILD_NUMBER"
        ),
        galaxy = c("GALAXY_SLOTS", "GALAXY_MEMORY_MB", "_GALAXY_JOB_DIR", "_GALAXY_JOB_TMP_DIR", "_GALAXY_JOB_HOME_DIR"),
        nextflow = c("NXF_TASK_WORKDIR", "NXF_BOXID"),
        snakemake = paste(
            "OMP_NUM_THREADS GOTO_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS VECLIB_MAXIMUM_THREADS",
            "NUMEXPR_NUM_THREADS TEMPDIR"
        ),
        cwl = character(),
        slurm = c("SLURM_JOB_ID", "SLURM_JOBID"),
        pbs = c("PBS_JOBID", "PBS_ENVIRONMENT"),
        sge = "JOB_ID SGE_TASK_ID",
        lsf = "LSB_JOBID",
        container = c(
            "container", "APPTAINER_CONTAINER", "APPTAINER_NAME", "SINGULARITY_CONTAINER", "SINGULARITY_NAME",
            "KUBERNETES_SERVICE_HOST"
        )
    )

    # Fills in platform and limits where the script gave none. What is left out is not looked up.
    placed_in <- function(given, without) {
        if (all(c("platform", "limits") %in% without)) return(given)
        found <- platforms_here()
        if (!("platform" %in% without)) {
            others <- setdiff(found, given$platform)
            if (is.null(given$platform) && length(others) > 0) {
                given$platform <- others[1]
                others <- others[-1]
            }
            if (is.null(given$platform_inner) && length(others) > 0) given$platform_inner <- others[1]
        }
        if (!("limits" %in% without) && is.null(given$limits)) given$limits <- limits_here(found)
        given
    }

    platforms_here <- function() {
        is_here <- vapply(SIGNS, function(signs) {
            any(vapply(strsplit(signs, " ", fixed = TRUE), function(names) all(vapply(names, is_on, NA)), NA))
        }, NA)
        # A CWL runner has a tool begin with nothing inherited, and with the working directory for a home.
        is_bare <- is_on("HOME") && is_on("TMPDIR") && !is_on("USER") && !is_on("LOGNAME")
        is_here["cwl"] <- is_bare && identical(getwd(), Sys.getenv("HOME"))
        if (any(file.exists("/run/.containerenv", "/.dockerenv"))) is_here["container"] <- TRUE
        names(SIGNS)[is_here]
    }

    limits_here <- function(found) {
        of <- function(platform, variable, unit = 1) if (platform %in% found) whole(variable) * unit else NA
        least <- function(...) {
            known <- c(...)
            known <- known[!is.na(known) & known > 0]
            if (length(known) == 0) NULL else min(known)
        }
        wall <- of("slurm", "SLURM_JOB_END_TIME") - whole("SLURM_JOB_START_TIME")
        limits <- list(
            memory_bytes = least(
                of("galaxy", "GALAXY_MEMORY_MB", 2^20), of("slurm", "SLURM_MEM_PER_NODE", 2^20),
                of("slurm", "SLURM_MEM_PER_CPU", 2^20) * whole("SLURM_CPUS_ON_NODE")
            ),
            wall_s = least(if (is.na(wall) || wall >= 365 * 24 * 3600) NA else wall, of("pbs", "PBS_WALLTIME")),
            cpus = least(
                of("galaxy", "GALAXY_SLOTS"), of("snakemake", "OMP_NUM_THREADS"), of("slurm", "SLURM_CPUS_PER_TASK"),
                of("slurm", "SLURM_CPUS_ON_NODE"), of("pbs", "NCPUS"), of("pbs", "PBS_NUM_PPN"),
                if (Sys.getenv("NHOSTS") == "1") of("sge", "NSLOTS"),
                if (length(strsplit(trimmed(Sys.getenv("LSB_MCPU_HOSTS")), "[ \t]+")[[1]]) == 2) of("lsf", "LSB_DJOB_NUMPROC")
            )
        )
        limits <- Filter(Negate(is.null), limits)
        if (length(limits) == 0) NULL else limits
    }

    whole <- function(variable) {
        text <- Sys.getenv(variable)
        if (grepl("^[0-9]{1,15}$", text)) as.numeric(text) else NA
    }

    # Scrubbing: no paths, addresses, or characters that a terminal obeys. In code points, whatever the locale is.

    SPACES <- c(9:13, 32, 160, 5760, 8192:8202, 8232, 8233, 8239, 8287, 12288, 65279)
    UNSEEN <- c(0:31, 127:159, 8203:8207, 8232:8238, 8288:8297, 65279)

    # Bytes that are UTF-8 are taken for what they say, whatever R calls them.
    as_utf8 <- function(text) {
        if (Encoding(text) == "latin1") return(enc2utf8(text))
        Encoding(text) <- "UTF-8"
        if (validUTF8(text)) text else iconv(text, "UTF-8", "UTF-8", sub = rawToChar(as.raw(c(0xef, 0xbf, 0xbd))))
    }

    trim_points <- function(points) {
        seen <- which(!(points %in% SPACES))
        if (length(seen) == 0) integer() else points[seen[1]:seen[length(seen)]]
    }

    from_points <- function(points) if (length(points) == 0) "" else intToUtf8(points)

    trimmed <- function(text) from_points(trim_points(utf8ToInt(as_utf8(text))))

    plain <- function(text, most) {
        points <- trim_points(utf8ToInt(text))
        points <- points[seq_len(min(length(points), most))]
        points[points %in% UNSEEN] <- 32L
        from_points(trim_points(points))
    }

    base_name <- function(text) sub("^.*[/\\\\]", "", text)

    # A short name: never a path, and of a command line its first word alone.
    scrub_label <- function(text) {
        if (!grepl("[/\\\\]", text)) return(plain(text, MAX_LABEL_LENGTH))
        word <- strsplit(trimmed(text), "[ \t\n\v\f\r]")[[1]][1]
        if (grepl("://", word, fixed = TRUE)) "[url]" else plain(base_name(word), MAX_LABEL_LENGTH)
    }

    scrub_text <- function(text) {
        text <- as_utf8(text)
        if (!grepl("[/\\\\@]", text)) return(plain(text, MAX_TEXT_LENGTH))
        if (nchar(text, "chars") > 2 * MAX_TEXT_LENGTH) {
            text <- sub("[^[:space:]]+$", "", substr(text, 1, 2 * MAX_TEXT_LENGTH))
        }
        text <- gsub("\\b[a-zA-Z][a-zA-Z0-9+.-]{1,15}://[^\\s\"'<>]*", "[url]", text, perl = TRUE)
        text <- gsub("[^\\s@\"'<>()]+@[^\\s@\"'<>()]+", "[email]", text, perl = TRUE)
        text <- gsub("(?:[A-Za-z]:)?[^\\s\"'<>:;,=()]*[/\\\\][^\\s\"'<>:;,=()]*", "[path]", text, perl = TRUE)
        plain(text, MAX_TEXT_LENGTH)
    }

    # Consent: docs/consent.md.

    # What allows a report, as `by`: a grant, or "flag"; else why not, as `refusal`.
    # Where the grant is for another notice than the script's, what is kept is what both cover.
    may_keep <- function(manifest, flagged, policy, reading) {
        refused <- function(why) list(refusal = why)
        mode <- if (is.null(reading$record)) "none" else reading$record$mode
        grant <- if (mode %in% c("granted", "local")) reading$record$grant else NULL
        covers <- !is.null(grant) && identical(grant$text, consent_text(manifest))
        by_flag <- flagged && !(covers && mode == "granted")
        endpoint <- if (is.null(grant) || covers || by_flag) manifest$endpoint else grant$endpoint
        ruled <- ruled_out(endpoint, policy)
        if (!is.null(ruled)) return(refused(ruled))
        if (reading$state == "unreadable") return(refused("consent_unreadable"))
        if (mode == "denied") return(refused("denied"))
        if (by_flag) return(list(by = "flag"))
        if (!is.null(grant)) return(list(by = grant))
        refused(if (mode == "withdrawn") "withdrawn" else "no_decision")
    }

    # The manifest under which a run is kept while its own waits for an answer: what both name, as it was agreed.
    covered_by <- function(agreed, declared) {
        inputs <- Filter(function(name) {
            identical(declared$inputs[[name]]$unit, agreed$inputs[[name]]$unit)
        }, names(agreed$inputs))
        former <- agreed$data
        present <- declared$data
        data <- list()
        with_any <- TRUE
        for (key in union(names(former), names(present))) {
            in_both <- key %in% names(former) && key %in% names(present)
            if (in_both && former[[key]]$type != present[[key]]$type) {
                with_any <- FALSE # It is in neither's "*".
            } else if (in_both || "*" %in% names(if (key %in% names(former)) present else former)) {
                data[[key]] <- if (key %in% names(former)) former[[key]] else present[[key]]
            }
        }
        if (!with_any) data[["*"]] <- NULL
        agreed$inputs <- agreed$inputs[inputs]
        agreed$data <- data
        agreed$sample <- declared$sample
        agreed
    }

    ruled_out <- function(endpoint, policy) {
        if (policy$deny || (!is.null(policy$endpoints) && !(endpoint %in% policy$endpoints))) return("site_policy")
        for (name in c("DO_NOT_TRACK", "ET_DISABLED")) {
            if (is_on(name)) return(tolower(name))
        }
        NULL
    }

    is_on <- function(variable) !(tolower(trimmed(Sys.getenv(variable))) %in% c("", "0", "false", "no", "off"))

    # One that is there and can't be understood means no.
    site_policy <- function() {
        none <- list(deny = FALSE, endpoints = NULL, without = character())
        if (!is_there(SITE_POLICY)) return(none)
        no <- list(deny = TRUE, endpoints = NULL, without = character())
        policy <- tryCatch(parse_json(read_text(SITE_POLICY)), error = function(error) NULL)
        if (!is_object(policy)) return(no)
        deny <- if ("deny" %in% names(policy)) policy[["deny"]] else FALSE
        without <- if ("without" %in% names(policy)) policy[["without"]] else list()
        endpoints <- policy[["endpoints"]]
        if (!is_flag(deny) || !are_texts(without) || !(is.null(endpoints) || are_texts(endpoints))) return(no)
        endpoints <- if (is.null(endpoints)) NULL else sub("/+$", "", as.character(unlist(endpoints)))
        list(deny = deny, endpoints = endpoints, without = as.character(unlist(without)))
    }

    # Also where it can't be told: then reading it fails, which means no.
    is_there <- function(path) {
        if (file.exists(path) || isTRUE(Sys.readlink(path) != "")) return(TRUE)
        folder <- dirname(path)
        dir.exists(folder) && file.access(folder, 1) != 0
    }

    read_consent <- function(folder, project) {
        unreadable <- list(state = "unreadable", record = NULL)
        if (!is_name(project)) return(unreadable)
        path <- file.path(folder, paste0(project, ".json"))
        if (!is_there(path)) return(list(state = "none", record = NULL))
        record <- tryCatch(parse_json(read_text(path)), error = function(error) NULL)
        if (!is_object(record) || !identical(record[["et"]], 1)) return(unreadable)
        mode <- record[["mode"]]
        if (!identical(record[["project"]], project) || !is_text(mode)) return(unreadable)
        if (!(mode %in% c("granted", "local", "denied", "withdrawn"))) return(unreadable)
        if (!is_text(record[["since"]]) || !grepl("^[0-9]{4}-[0-9]{2}-[0-9]{2}T.+Z$", record[["since"]])) return(unreadable)
        grant <- if (is_grant(record[["grant"]])) record[["grant"]] else NULL
        if (mode %in% c("granted", "local") && is.null(grant)) return(unreadable)
        list(state = "decided", record = list(mode = mode, since = record[["since"]], grant = grant))
    }

    # What restricts a grant and can't be read makes it none: it would else allow more than its user said.
    is_grant <- function(grant) {
        if (!is_object(grant) || !is_object(grant[["notice"]]) || !is_int(grant[["notice"]][["version"]])) return(FALSE)
        texts <- list(grant[["id"]], grant[["endpoint"]], grant[["text"]], grant[["notice"]][["digest"]])
        if (!all(vapply(texts, is_text, NA))) return(FALSE)
        if ("without" %in% names(grant) && !are_texts(grant[["without"]])) return(FALSE)
        if (!("review" %in% names(grant))) return(TRUE)
        review <- grant[["review"]]
        is_object(review) && is_flag(review[["approve"]]) && is_number(review[["delay_s"]]) && review[["delay_s"]] >= 0
    }

    is_flag <- function(value) is.logical(value) && length(value) == 1 && !is.na(value)
    is_number <- function(value) is.numeric(value) && length(value) == 1 && is.finite(value)
    is_int <- function(value) is_number(value) && is_whole(value)
    are_texts <- function(value) is.list(value) && is.null(names(value)) && all(vapply(value, is_text, NA))

    # The manifest, et.json.

    declared <- function(source, places) {
        text <- tryCatch(if (is_text(source)) read_text(source), error = function(error) NULL)
        if (is.null(text)) refuse("it can't be read")
        manifest <- tryCatch(parse_json(text), error = function(error) NULL)
        if (!is_object(manifest)) refuse("it is not JSON")
        manifest <- checked_manifest(manifest)
        reading <- if (is.null(places)) list(state = "none") else read_consent(places$consent, manifest$project)
        list(manifest = manifest, reading = reading)
    }

    refuse <- function(what) {
        stop(structure(
            class = c("et_manifest", "error", "condition"),
            list(message = paste("the manifest can't be used:", what), call = NULL)
        ))
    }

    must <- function(is_so, what) if (!isTRUE(is_so)) refuse(paste(what, "is not as it must be"))
    only <- function(object, known) for (key in names(object)) must(key %in% known, key)

    # With every default filled in.
    checked_manifest <- function(manifest) {
        only(manifest, c("et", "project", "endpoint", "notice", "inputs", "data", "sample"))
        must(identical(manifest[["et"]], 1), "et")
        must(is_name(manifest[["project"]]), "project")
        must(is_endpoint(manifest[["endpoint"]]), "endpoint")
        sample <- if (is.null(manifest[["sample"]])) 1 else manifest[["sample"]]
        must(is_number(sample) && sample >= 1e-9 && sample <= 1, "sample")
        list(
            et = 1,
            project = manifest[["project"]],
            endpoint = sub("/+$", "", manifest[["endpoint"]]),
            notice = checked_notice(manifest[["notice"]]),
            inputs = checked_entries(manifest[["inputs"]], "inputs", "unit"),
            data = checked_entries(manifest[["data"]], "data", "type"),
            sample = sample
        )
    }

    checked_notice <- function(notice) {
        must(is_object(notice), "notice")
        only(notice, c("version", "purpose", "contact", "retention", "url", "addresses"))
        must(is_int(notice[["version"]]) && notice[["version"]] >= 1, "notice.version")
        for (key in c("purpose", "contact", "retention")) must(is_short(notice[[key]], MAX_TEXT_LENGTH), paste0("notice.", key))
        is_duration <- grepl("^P([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?$", notice[["retention"]])
        must(is_duration && notice[["retention"]] != "P", "notice.retention")
        url <- notice[["url"]]
        must(is.null(url) || (is_text(url) && grepl("^https?://.", url)), "notice.url")
        addresses <- if (is.null(notice[["addresses"]])) "full" else notice[["addresses"]]
        must(is_text(addresses) && addresses %in% c("full", "truncated", "hashed", "none"), "notice.addresses")
        list(
            version = notice[["version"]], purpose = notice[["purpose"]], contact = notice[["contact"]],
            retention = notice[["retention"]], url = url, addresses = addresses
        )
    }

    checked_entries <- function(found, what, first) {
        if (is.null(found)) return(list())
        must(is_object(found) && length(found) <= MAX_ENTRIES, what)
        for (key in names(found)) {
            entry <- found[[key]]
            place <- paste0(what, ".", key)
            must((is_name(key) || (what == "data" && key == "*")) && is_object(entry), place)
            only(entry, c(first, "why"))
            must(is_short(entry[["why"]], MAX_TEXT_LENGTH) && is_short(entry[[first]], MAX_LABEL_LENGTH), place)
            must(first == "unit" || entry[["type"]] %in% c("integer", "number", "string", "boolean"), place)
        }
        lapply(found, function(entry) entry[c(first, "why")])
    }

    # Lengths are JavaScript's, in units of UTF-16.
    is_short <- function(text, most) {
        if (!is_text(text)) return(FALSE)
        points <- utf8ToInt(text)
        length(trim_points(points)) > 0 && length(points) + sum(points > 65535) <= most
    }

    is_name <- function(value) is_string(value) && grepl("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", value, useBytes = TRUE)

    is_endpoint <- function(value) {
        if (!is_text(value)) return(FALSE)
        shape <- "^(https?)://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?(?:/[^\\s?#\\\\]*)?$"
        if (!grepl(shape, value, perl = TRUE)) return(FALSE)
        host <- tolower(sub(shape, "\\2", value, perl = TRUE))
        is_loopback <- host %in% c("localhost", "[::1]") || grepl("^127([.][0-9]{1,3}){3}$", host)
        grepl("^https:", value) || is_loopback
    }

    # What a user agrees to, as one text: JSON with sorted keys and no spaces, without the sampling rate.
    consent_text <- function(manifest) {
        notice <- manifest$notice
        entry_texts <- function(found) {
            keys <- in_order(names(found))
            object_json(keys, vapply(keys, function(key) {
                entry <- found[[key]]
                object_json(names(entry), vapply(entry, text_json, ""))
            }, ""))
        }
        notice_text <- object_json(
            c("addresses", "contact", "purpose", "retention", "url", "version"),
            c(
                text_json(notice$addresses), text_json(notice$contact), text_json(notice$purpose), text_json(notice$retention),
                if (is.null(notice$url)) "null" else text_json(notice$url), number_json(notice$version)
            )
        )
        object_json(
            c("data", "endpoint", "et", "inputs", "notice", "project"),
            c(
                entry_texts(manifest$data), text_json(manifest$endpoint), "1", entry_texts(manifest$inputs), notice_text,
                text_json(manifest$project)
            )
        )
    }

    # JSON, byte for byte as JavaScript's JSON.stringify writes it.

    object_json <- function(keys, texts) {
        if (length(keys) == 0) return("{}")
        paste0("{", paste0(vapply(keys, text_json, ""), ":", texts, collapse = ","), "}")
    }

    # Keys that are indices of an array come first in JavaScript, as numbers.
    in_order <- function(keys) {
        keys <- sort(as.character(keys), method = "radix")
        is_index <- grepl("^(0|[1-9][0-9]{0,9})$", keys)
        is_index[is_index] <- as.numeric(keys[is_index]) < 2^32 - 1
        indices <- keys[is_index]
        c(indices[order(as.numeric(indices))], keys[!is_index])
    }

    text_json <- function(text) {
        if (!grepl("[\"\\\\\x01-\x1f]", text, useBytes = TRUE)) return(paste0("\"", text, "\""))
        points <- utf8ToInt(text)
        escaped <- vapply(points, function(point) {
            short <- match(point, c(8, 12, 10, 13, 9, 34, 92))
            if (!is.na(short)) return(c("\\b", "\\f", "\\n", "\\r", "\\t", "\\\"", "\\\\")[short])
            if (point < 32) sprintf("\\u%04x", point) else intToUtf8(point)
        }, "")
        paste0("\"", paste(escaped, collapse = ""), "\"")
    }

    # The fewest digits that mean the same number.
    number_json <- function(value) {
        if (value == 0) return("0")
        if (value == floor(value) && abs(value) < 1e15) return(sprintf("%.0f", value))
        for (places in 14:16) {
            text <- chartr(",", ".", sprintf("%.*e", places, value))
            if (as.numeric(text) == value) break
        }
        parts <- regmatches(text, regexec("^(-?)([0-9])[.]([0-9]*)e([+-][0-9]+)$", text))[[1]]
        digits <- sub("0+$", "", paste0(parts[3], parts[4]))
        paste0(parts[2], placed(digits, as.integer(parts[5]) + 1))
    }

    placed <- function(digits, point) {
        count <- nchar(digits)
        if (count <= point && point <= 21) return(paste0(digits, strrep("0", point - count)))
        if (0 < point && point <= 21) return(paste0(substr(digits, 1, point), ".", substr(digits, point + 1, count)))
        if (-6 < point && point <= 0) return(paste0("0.", strrep("0", -point), digits))
        fraction <- if (count > 1) paste0(".", substr(digits, 2, count)) else ""
        sprintf("%s%se%s%d", substr(digits, 1, 1), fraction, if (point > 0) "+" else "-", abs(as.integer(point) - 1L))
    }

    # An object becomes a list with names, an array one without, null is NULL. Stops where it is not JSON.
    parse_json <- function(text) {
        token <- "\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\"|-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|[][{}:,]"
        tokens <- regmatches(text, gregexpr(token, text, perl = TRUE))[[1]]
        between <- regmatches(text, gregexpr(token, text, perl = TRUE), invert = TRUE)[[1]]
        if (any(grepl("[^ \t\n\r]", between))) stop("not JSON")
        at <- 0
        following <- function() {
            at <<- at + 1
            if (at > length(tokens)) stop("not JSON")
            tokens[at]
        }
        value <- function(token = following()) {
            switch(token, "{" = members(), "[" = elements(), "true" = TRUE, "false" = FALSE, "null" = NULL, scalar(token))
        }
        scalar <- function(token) {
            first <- substr(token, 1, 1)
            if (first == "\"") return(string_in(token))
            if (grepl("^[-0-9]", token)) as.numeric(token) else stop("not JSON")
        }
        members <- function() {
            keys <- character()
            values <- list()
            token <- following()
            if (token == "}") return(structure(list(), names = character()))
            repeat {
                if (substr(token, 1, 1) != "\"" || following() != ":") stop("not JSON")
                keys <- c(keys, string_in(token))
                values <- c(values, list(value()))
                token <- following()
                if (token == "}") break
                if (token != ",") stop("not JSON")
                token <- following()
            }
            names(values) <- keys
            values[!duplicated(keys, fromLast = TRUE)]
        }
        elements <- function() {
            values <- list()
            token <- following()
            if (token == "]") return(values)
            repeat {
                values <- c(values, list(value(token)))
                token <- following()
                if (token == "]") return(values)
                if (token != ",") stop("not JSON")
                token <- following()
            }
        }
        found <- value()
        if (at != length(tokens)) stop("not JSON")
        found
    }

    is_object <- function(value) is.list(value) && !is.null(names(value))

    # Halves of characters, and a zero, which no text of R's can hold, are refused.
    string_in <- function(token) {
        text <- substr(token, 2, nchar(token, "chars") - 1)
        if (grepl("[\x01-\x1f]", text, useBytes = TRUE)) stop("not JSON")
        if (!grepl("\\", text, fixed = TRUE)) return(text)
        escape <- "\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\\\u[0-9a-fA-F]{4}|\\\\."
        places <- gregexpr(escape, text, perl = TRUE)
        regmatches(text, places) <- list(vapply(regmatches(text, places)[[1]], unescaped, ""))
        text
    }

    unescaped <- function(escape) {
        short <- match(substr(escape, 2, 2), c("b", "f", "n", "r", "t", "\"", "\\", "/"))
        if (!is.na(short)) return(c("\b", "\f", "\n", "\r", "\t", "\"", "\\", "/")[short])
        if (nchar(escape) < 6) stop("not JSON")
        code <- hex_value(tolower(substr(escape, 3, 6)))
        if (nchar(escape) == 12) {
            code <- 65536 + (code - 55296) * 1024 + hex_value(tolower(substr(escape, 9, 12))) - 56320
        } else if (code == 0 || (code >= 55296 && code <= 57343)) stop("not JSON")
        intToUtf8(code)
    }

    # SHA-256 (FIPS 180-4) of a text's UTF-8. R has 32 bits only with a sign, so words are doubles.

    xor32 <- function(a, b) bitwXor(a %/% 65536, b %/% 65536) * 65536 + bitwXor(a %% 65536, b %% 65536)
    and32 <- function(a, b) bitwAnd(a %/% 65536, b %/% 65536) * 65536 + bitwAnd(a %% 65536, b %% 65536)
    turned <- function(word, by) word %/% 2^by + (word %% 2^by) * 2^(32 - by)

    # The first 32 bits of the fractional parts of roots of the first primes.
    PRIMES <- c(
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
        113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239,
        241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311
    )
    fraction_bits <- function(root) floor((root %% 1) * 2^32)

    sha256 <- function(text) {
        bytes <- as.integer(charToRaw(text))
        count <- length(bytes)
        length_bytes <- c(0, 0, 0, floor(count * 8 / 256^(4:0)) %% 256)
        bytes <- c(bytes, 128, rep(0, (55 - count) %% 64), length_bytes)
        words <- matrix(colSums(matrix(bytes, 4) * 256^(3:0)), 16)
        schedule <- rbind(words, matrix(0, 48, ncol(words)))
        for (at in 17:64) {
            early <- schedule[at - 15, ]
            late <- schedule[at - 2, ]
            small <- xor32(xor32(turned(early, 7), turned(early, 18)), early %/% 8)
            large <- xor32(xor32(turned(late, 17), turned(late, 19)), late %/% 1024)
            schedule[at, ] <- (schedule[at - 16, ] + small + schedule[at - 7, ] + large) %% 2^32
        }
        constants <- fraction_bits(PRIMES^(1 / 3))
        state <- fraction_bits(sqrt(PRIMES[1:8]))
        for (block in seq_len(ncol(words))) {
            v <- state
            for (at in 1:64) {
                e <- v[5]
                a <- v[1]
                sum1 <- xor32(xor32(turned(e, 6), turned(e, 11)), turned(e, 25))
                choice <- xor32(v[7], and32(e, xor32(v[6], v[7])))
                sum0 <- xor32(xor32(turned(a, 2), turned(a, 13)), turned(a, 22))
                majority <- xor32(and32(a, v[2]), and32(v[3], xor32(a, v[2])))
                next1 <- v[8] + sum1 + choice + constants[at] + schedule[at, block]
                v <- c((next1 + sum0 + majority) %% 2^32, v[1:3], (v[4] + next1) %% 2^32, v[5:7])
            }
            state <- (state + v) %% 2^32
        }
        paste(sprintf("%04x%04x", as.integer(state %/% 65536), as.integer(state %% 65536)), collapse = "")
    }

    # The disk: docs/spool-format.md.

    # Where reports and decisions are; NULL where there is no place.
    folders <- function() {
        spool <- Sys.getenv("ET_SPOOL")
        config <- Sys.getenv("ET_CONFIG")
        if (spool == "") spool <- base_folder("XDG_STATE_HOME", ".local/state", "/spool")
        if (config == "") config <- base_folder("XDG_CONFIG_HOME", ".config", "")
        if (is.null(spool) || is.null(config)) return(NULL)
        list(spool = absolute(spool), consent = file.path(absolute(config), "consent"))
    }

    base_folder <- function(variable, below, inner) {
        xdg <- Sys.getenv(variable)
        if (startsWith(xdg, "/")) return(paste0(xdg, "/et", inner))
        home <- Sys.getenv("HOME")
        if (home == "") return(NULL)
        place <- if (Sys.info()[["sysname"]] == "Darwin") "Library/Application Support" else below
        paste0(home, "/", place, "/et", inner)
    }

    absolute <- function(path) if (startsWith(path, "/")) path else file.path(getwd(), path)

    # Text out of UTF-8. Stops where it can't be read.
    read_text <- function(path) {
        source <- file(path, "rb", raw = TRUE)
        on.exit(close(source))
        bytes <- raw()
        repeat {
            more <- readBin(source, "raw", 65536)
            if (length(more) == 0) break
            bytes <- c(bytes, more)
        }
        as_utf8(rawToChar(bytes))
    }

    # Delivers a report as maildir does. NULL where it is queued, else the refusal.
    put_file <- function(spool, name, content) {
        former <- Sys.umask("077")
        on.exit(Sys.umask(former))
        made <- character()
        if (!dir.exists(file.path(spool, "new")) || !dir.exists(file.path(spool, "tmp"))) {
            dir.create(file.path(spool, "tmp"), recursive = TRUE)
            dir.create(file.path(spool, "new"))
            made <- c(spool, dirname(spool))
        }
        refusal <- unsafe(spool)
        if (!is.null(refusal)) return(refusal)
        temporary <- file.path(spool, "tmp", name)
        path <- file.path(spool, "new", name)
        bytes <- charToRaw(content)
        written <- write_new(temporary, bytes)
        if (!is.null(written)) return(written)
        status <- move_durably(temporary, path, made)
        if (status == 127) status <- if (file.rename(temporary, path)) 0 else 1 # No shell: it may not last.
        if (status == 0 || file.exists(path)) return(NULL)
        unlink(temporary)
        dropped("spool_unavailable", "the report could not be made to last")
    }

    unsafe <- function(spool) {
        info <- file.info(spool, extra_cols = TRUE)
        if (is.na(info$isdir)) return(dropped("spool_unavailable", "there is no spool, and none can be made"))
        if (!info$isdir) return(dropped("spool_unsafe", "it is not a folder"))
        # R does not tell its own user's number: the folder of its session is that user's.
        if (!identical(info$uid, file.info(tempdir())$uid)) return(dropped("spool_unsafe", "it belongs to another user"))
        if (bitwAnd(as.integer(info$mode), 18L) != 0) return(dropped("spool_unsafe", "others can write it"))
        NULL
    }

    # "x" is O_EXCL. What was not written whole is a full disk.
    write_new <- function(path, bytes) {
        target <- tryCatch(file(path, "wxb"), error = function(error) NULL)
        if (is.null(target)) return(dropped("not_writable", "no file can be made in the spool"))
        tryCatch(writeBin(bytes, target), error = function(error) NULL, finally = close(target))
        if (identical(file.info(path)$size, as.numeric(length(bytes)))) return(NULL)
        unlink(path)
        dropped("disk_full", "the report was not written whole")
    }

    # In one shell: the file synced, renamed, and its folder synced. 127 where there is no shell.
    move_durably <- function(temporary, path, made) {
        command <- paste0(
            "set -- ", paste(shQuote(c(temporary, path, dirname(path), made)), collapse = " "), "\n",
            "case $(sync --version 2>/dev/null) in *coreutils*) lasting=sync ;; *) lasting=by_perl ;; esac\n",
            "by_perl() { command -v perl || return 0\n",
            "perl -MIO::Handle -e 'for (@ARGV) { open(my $f, \"<\", $_) && $f->sync or exit 1 }' \"$@\"; }\n",
            "$lasting \"$1\" && mv -f \"$1\" \"$2\" || exit 1\n",
            "shift 2; $lasting \"$@\"; exit 0"
        )
        system(paste0("{ ", command, "\n} </dev/null >/dev/null 2>&1"))
    }

    # Where this file was read from, and the script's own name, of which only the last part is told.
    named_file <- function() {
        named <- grep("^--file=", commandArgs(FALSE), value = TRUE)
        if (length(named) == 0) NULL else gsub("~+~", " ", sub("^--file=", "", named[1]), fixed = TRUE)
    }
    SCRIPT <- if (is.null(named_file())) "?" else basename(named_file())
    FOLDER <- local({
        sourced <- NULL
        for (frame in sys.frames()) if (is.character(frame$ofile)) sourced <- frame$ofile
        file <- if (is.null(sourced)) named_file() else sourced
        if (is.null(file)) NULL else tryCatch(dirname(normalizePath(file)), error = function(error) NULL)
    })
    INNER <- environment()

    list(beside = beside, enqueue = enqueue, start = start, run = within_run)
})
