package ET;

# Reports of a script's runs, left in its user's local spool: Perl 5.10 or newer, and its core modules alone.
#
# Ship this file and your et.json beside your script:
#
#     use FindBin;
#     use lib $FindBin::Bin;
#     use ET;
#
#     my $run = ET::start_run(manifest => "$FindBin::Bin/et.json", command => "align", version => "1.2");
#     $run->input(reads => 4_000_000);
#     ...
#     $run->data(duplexes => 1200);
#
# The run ends with the script, by its exit code; $run->end ends it before. Of a run that has ended:
#
#     ET::enqueue(manifest => "et.json", command => "align", wall_s => 12.5);
#
# Without its user's consent nothing is written anywhere. Nothing here dies, prints, opens a socket or starts a program.
# docs/spool-format.md of ET says what is written, docs/consent.md when.

use strict;
use warnings;
use Digest::SHA ();
use Fcntl qw(O_WRONLY O_CREAT O_EXCL);
use IO::Handle ();
use Time::HiRes ();

our $VERSION = '0.1.0';

use constant {
    MAX_REPORT_BYTES => 64 * 1024,
    MAX_LABEL_LENGTH => 128,
    MAX_TEXT_LENGTH  => 512,
    MAX_ENTRIES      => 64,
    MAX_FRAMES       => 32,
    MAX_SAFE_INTEGER => 9007199254740991,
    SITE_POLICY      => '/etc/et/policy.json',
};

my @EVENTS    = qw(start prelim end vanished);
my @OUTCOMES  = qw(ok failed killed unknown);
my @PLATFORMS = qw(galaxy slurm pbs sge lsf nextflow snakemake cwl ci container);
my @MEASURES  = qw(wall_s cpu_user_s cpu_system_s max_rss_bytes threads read_bytes written_bytes);
my $SPACE     = qr/[\t\n\x0b\f\r \xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]/;

# What a script calls. Each returns a hash: status "queued", "not_consented" or "dropped", with the reason.

# Keeps one report of a run that has ended. manifest: the path of your et.json; phone_home: true where the user started
# the script with its --phone-home; else fields by their names in docs/wire-format.md.
sub enqueue {
    my $given = _pairs(@_);
    return _guarded(sub { _enqueue($given, undef) });
}

# Begins a run: says that it started, and measures from here. Its methods never die and never print.
sub start_run {
    my $given = _pairs(@_);
    my $run = bless { inputs => {}, data => {}, pid => $$, marker => {} }, 'ET::Run';
    $run->{$_} = { %{ delete $given->{$_} } } for grep { ref $given->{$_} eq 'HASH' } qw(inputs data);
    $run->{given} = $given;
    _guarded(sub { _begin($run) });
    _watch($run) if $run->{before};
    return $run;
}

{

    package ET::Run;

    # The size of an input, in the unit that the manifest declares.
    sub input { my $run = shift; return ET::_note($run->{inputs}, @_) }

    # What the manifest declares besides.
    sub data { my $run = shift; return ET::_note($run->{data}, @_) }

    # Reports what is known before the work, such as the sizes of inputs.
    sub prelim {
        my ($run, @figures) = @_;
        return ET::_guarded(sub { ET::_report($run, 'prelim', ET::_pairs(@figures)) });
    }

    # Reports the end: wall time, CPU and peak memory are measured here. Further calls change nothing.
    sub end {
        my ($run, @figures) = @_;
        return ET::_guarded(sub { ET::_end($run, { outcome => 'ok', %{ ET::_pairs(@figures) } }) });
    }

    # The run's public name; undef where it can't be reported.
    sub id { return $_[0]{identity} ? $_[0]{identity}{run_id} : undef }
}

# An odd one out is undef's, without a word.
sub _pairs {
    no warnings;
    my %pairs = @_;
    return \%pairs;
}

sub _note {
    my ($notes, @pairs) = @_;
    while (@pairs >= 2) {
        my ($name, $value) = splice @pairs, 0, 2;
        $notes->{$name} = $value if defined $name;
    }
    return;
}

# Whatever goes wrong becomes a result; what the script may look at afterwards is as it was.
sub _guarded {
    my ($work) = @_;
    local ($@, $!, $?, $^E);
    local $SIG{__DIE__}  = 'DEFAULT';
    local $SIG{__WARN__} = sub { };
    my $result = eval { $work->() };
    return $result if ref $result eq 'HASH';
    my $why = defined $@ && $@ ne '' ? "$@" : 'nothing came of it';
    return _dropped($why =~ /^manifest: / ? 'invalid_manifest' : 'internal_error', $why);
}

sub _dropped { return { status => 'dropped', reason => $_[0], detail => $_[1] } }

# A run under way, and its end.

my %open_runs;
my $died;

sub _begin {
    my ($run) = @_;
    $run->{started} = _monotonic_s();
    my ($manifest) = _declared($run->{given}{manifest}, _folders());
    $run->{identity} = _identity($manifest, _random_hex(16));
    return _dropped('sampled_out', 'the sampling leaves this run out') if !$run->{identity};
    _report($run, 'start', {});
    $run->{started} = _monotonic_s();
    $run->{before}  = [times];
    return {};
}

# A handler only where there is none: the script's own are left alone, also those that it sets later.
sub _watch {
    my ($run) = @_;
    $open_runs{ 0 + $run } = $run;
    for my $name (qw(HUP INT TERM)) {
        $SIG{$name} = \&_killed if exists $SIG{$name} && !_is_set($SIG{$name});
    }
    $SIG{__DIE__} = \&_dying if !_is_set($SIG{__DIE__});
    return;
}

sub _is_set { return defined $_[0] && $_[0] ne '' && $_[0] ne 'DEFAULT' }

# Reports, and then dies as it would have died.
sub _killed {
    my ($name) = @_;
    $_->end(outcome => 'killed', signal => "SIG$name") for values %open_runs;
    $SIG{$name} = 'DEFAULT';
    kill $name, $$;
    return;
}

# Where it died, and by what; the message stays here. A die that an eval catches is none.
sub _dying {
    my ($error) = @_;
    return if !defined $^S || $^S;
    my @frames;
    for (my $level = 0; my @call = caller $level; $level++) {
        my $function = (caller $level + 1)[3];
        push @frames, { file => $call[1], line => $call[2], function => $function } if _is_own_file($call[1]);
    }
    $died = { type => ref $error || 'die', frames => \@frames };
    return;
}

sub _is_own_file {
    my ($file) = @_;
    return 0 if $file eq __FILE__ || $file =~ /^\(eval/;
    return !grep { !ref && m{^/(?:usr|opt|etc|System|Library)/} && index($file, "$_/") == 0 } @INC;
}

END {
    my $code   = $?;
    my %ending = $code == 0 ? (outcome => 'ok') : (outcome => 'failed', exit_code => $code);
    $ending{exception} = $died if $died && $code != 0;
    $_->end(%ending) for values %open_runs;
    $? = $code;
}

sub _end {
    my ($run, $figures) = @_;
    return _dropped('not_its_process', 'this run is the process\'s that began it') if $run->{pid} != $$;
    return _dropped('run_ended',       'this run has ended before')                if $run->{ended};
    $run->{ended} = 1;
    delete $open_runs{ 0 + $run };
    return _dropped('sampled_out', 'this run is not reported') if !$run->{identity};
    my $result = _report($run, 'end', { _used_since($run), %$figures });
    unlink $run->{marker}{path} if $run->{marker}{path};
    return $result;
}

sub _used_since {
    my ($run)  = @_;
    my @before = @{ $run->{before} };
    my @after  = times;
    my %used   = (
        wall_s       => _micro(_monotonic_s() - $run->{started}),
        cpu_user_s   => _micro($after[0] + $after[2] - $before[0] - $before[2]),
        cpu_system_s => _micro($after[1] + $after[3] - $before[1] - $before[3]),
        measured_by  => { wall_s => 'monotonic', cpu_user_s => 'times', cpu_system_s => 'times' },
    );
    my ($own, $children) = (_high_water_mark(), _peak_of_children());
    if (defined $own) {
        $used{max_rss_bytes} = $own > ($children || 0) ? $own : $children;
        $used{measured_by}{max_rss_bytes} = $children ? 'VmHWM+children' : 'VmHWM';
    }
    return %used;
}

sub _micro { return $_[0] < 0 ? 0 : sprintf('%.6f', $_[0]) + 0 }

# The most memory of this process alone.
sub _high_water_mark {
    open my $file, '<', '/proc/self/status' or return;
    local $/ = "\n";
    while (my $line = <$file>) {
        return $1 * 1024 if $line =~ /^VmHWM:\s+(\d+) kB/;
    }
    return;
}

# The most memory of any child that was waited for: getrusage(2), for which Perl has no word, on kernels of 64 bits.
my %GETRUSAGE = ('x86_64-linux' => 98, 'aarch64-linux' => 165, 'riscv64-linux' => 165, 'ppc64le-linux' => 77);

sub _peak_of_children {
    require Config;
    my ($system) = $Config::Config{archname} =~ /^(\w+-linux)/;
    my $number = defined $system ? $GETRUSAGE{$system} : undef;
    return if !defined $number || $Config::Config{ivsize} != 8;
    my $usage = "\0" x 256;
    return if syscall($number, -1, $usage) != 0;
    return unpack('x32 q', $usage) * 1024;
}

sub _monotonic_s {
    my $seconds = eval { Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) };
    return defined $seconds ? $seconds : Time::HiRes::time();
}

sub _report {
    my ($run, $event, $figures) = @_;
    return _dropped('not_its_process', 'this run is the process\'s that began it') if $run->{pid} != $$;
    return _dropped('sampled_out', 'this run is not reported') if !$run->{identity};
    my %report = (%{ $run->{given} }, %$figures, event => $event);
    $report{$_} = { %{ $run->{$_} }, %{ _hash($figures->{$_}) || {} } } for qw(inputs data);
    $report{since_start_s} = _micro(_monotonic_s() - $run->{started});
    return _enqueue(\%report, $run->{identity}) if $event eq 'end';
    $run->{marker}{used} = $run->{before} ? { _used_since($run) } : {};
    return _enqueue(\%report, $run->{identity}, $run->{marker});
}

# From figures to a file of the spool.

sub _enqueue {
    my ($given, $identity, $marker) = @_;
    my $folders = _folders();
    my ($manifest, $reading) = _declared($given->{manifest}, $folders);
    return _dropped('no_home', 'no home folder, and no ET_SPOOL') if !$folders;
    my $policy = _site_policy();
    my ($by, $refusal) = _may_keep($manifest, $given->{phone_home}, $policy, $reading);
    return { status => 'not_consented', reason => $refusal } if $refusal;
    $manifest = _covered_by(_parse($by->{text}), $manifest) if ref $by && $by->{text} ne _consent_text($manifest);
    my $event = defined $given->{event} ? $given->{event} : 'end';
    return _dropped('invalid_report', 'there is no event of that name') if !grep { $_ eq $event } @EVENTS;
    $identity ||= _identity($manifest, _random_hex(16));
    return _dropped('sampled_out', 'the sampling leaves this run out') if !$identity;

    my $now_ms = int(Time::HiRes::time() * 1000);
    my %without = map { $_ => 1 } @{ $policy->{without} }, @{ $reading->{grant} ? $reading->{grant}{without} || [] : [] };
    _place($given, \%without);
    my ($report, $id) = _build($given, $event, $manifest, $identity, $now_ms, \%without);
    return _dropped('too_large', MAX_REPORT_BYTES . ' bytes are allowed') if length($report) > MAX_REPORT_BYTES;
    my $text = _envelope($report, $manifest, $identity, $by);
    my $name = sprintf '%013d-%s-%d-%s%s.json', $now_ms, _host(), $$, substr($identity->{run_id}, 0, 8), _random_hex(4);
    my ($path, $why, $detail) = _put($folders->{spool}, $name, $text);
    return _dropped($why, $detail) if $why;
    if ($marker) {
        my $vanished = { %$given, %{ $marker->{used} }, outcome => 'unknown' };
        my $build = sub { return (_build($vanished, 'vanished', $manifest, $identity, $now_ms, \%without, $_[0]))[0] };
        my $envelope = sub { return _envelope($build->($_[0]), $manifest, $identity, $by) };
        eval { _leave_marker($marker, $folders->{spool}, $name, _iso($now_ms), $envelope) };
    }
    return { status => 'queued', id => $id, run_id => $identity->{run_id}, path => $path };
}

# What a run leaves of which nothing is heard any more: docs/spool-format.md.

# Leaves it, or writes it anew with what is known by now. Not synced: after a power failure the run is gone, too.
sub _leave_marker {
    my ($marker, $spool, $name, $seen_at, $envelope) = @_;
    if (!$marker->{path}) {
        @$marker{qw(path id where)} = ("$spool/open/$name", _report_id(substr $name, 0, 13), _whereabouts());
    } elsif (!-e $marker->{path}) {
        return;    # Its user has withdrawn, or forgotten the run.
    }
    my $text = sprintf '%s,"oom":%s,"seen_at":%s,"gone":null,"envelope":', $marker->{where}, _out_of_memory_json(),
        _text_json($seen_at);
    my ($base) = $marker->{path} =~ m{([^/]+)\z};
    my $temporary = "$spool/tmp/$base.tmp";
    _make_one("$spool/open");
    sysopen my $file, $temporary, O_WRONLY | O_CREAT | O_EXCL, 0600 or return;
    chmod 0600, $file;
    my $content = _utf8($text) . $envelope->($marker->{id});
    $content =~ s/\n\z/}\n/;
    my $is_whole = (syswrite $file, $content) == length $content;
    rename $temporary, $marker->{path} or unlink $temporary if close($file) && $is_whole;
    unlink $temporary if !$is_whole;
    return;
}

# Which process this is, so that another can tell later whether it lives. What a system does not tell is null.
sub _whereabouts {
    my $machine = _line_of('/etc/machine-id');
    $machine = substr Digest::SHA::sha256_hex($machine), 0, 12 if defined $machine;
    my $boot = _line_of('/proc/sys/kernel/random/boot_id');
    my ($pid_ns, $time_ns) = map { scalar readlink "/proc/self/ns/$_" } qw(pid time);
    my ($job, $cluster) = _batch_job();
    return sprintf '{"et":1,"host":%s,"machine":%s,"boot_id":%s,"pid_ns":%s,"time_ns":%s,"processes":[{"pid":%d,"start_ticks":%s}],"job":%s',
        map({ _text_json($_) } _host(), $machine, $boot, $pid_ns, $time_ns), $$, _start_ticks(),
        defined $job ? sprintf('{"scheduler":"slurm","id":%s,"cluster":%s}', _text_json($job), _text_json($cluster)) : 'null';
}

sub _line_of {
    my $text = eval { _read($_[0]) };
    return if !defined $text;
    $text =~ s/\s+\z//;
    return $text eq '' ? undef : $text;
}

# When this process began, in clock ticks since the boot; null where /proc is not this namespace's.
sub _start_ticks {
    my $stat = _line_of('/proc/self/stat');
    return 'null' if !defined $stat || $stat !~ /^(\d+) .*\) (.*)\z/s || $1 != $$;
    return (split / /, $2)[19];
}

# A job of Slurm, which can be asked what became of it: sbatch(1).
sub _batch_job {
    my ($array, $task) = @ENV{qw(SLURM_ARRAY_JOB_ID SLURM_ARRAY_TASK_ID)};
    my $job = defined $array && defined $task ? "${array}_$task" : defined $ENV{SLURM_JOB_ID} ? $ENV{SLURM_JOB_ID} : '';
    return if $job !~ /^[0-9]+(?:_[0-9]+)?\z/;
    return $job, _matching($ENV{SLURM_CLUSTER_NAME}, qr/^[A-Za-z0-9_.-]+\z/);
}

# How often the kernel has killed for want of memory where this process is: cgroups(7), of both versions.
sub _out_of_memory_json {
    my $cgroups = _line_of('/proc/self/cgroup');
    for my $line (split /\n/, defined $cgroups ? $cgroups : '') {
        my ($controllers, $path) = $line =~ /^\d+:([^:]*):(.*)\z/ or next;
        $path = '' if $path eq '/';
        my @files;
        @files = map { "/sys/fs/cgroup$_$path/memory.events" } '', '/unified' if $controllers eq '';
        @files = "/sys/fs/cgroup/memory$path/memory.oom_control" if grep { $_ eq 'memory' } split /,/, $controllers;
        for my $file (@files) {
            my $counts = _line_of($file);
            return sprintf '{"file":%s,"kills":%d}', _text_json($file), $1 if defined $counts && $counts =~ /^oom_kill (\d+)$/m;
        }
    }
    return 'null';
}

# What a run's reports share; undef where sampling leaves it out: the run id decides, in all languages alike.
sub _identity {
    my ($manifest, $key) = @_;
    my $run_id = substr Digest::SHA::sha256_hex($key), 0, 32;
    my $sample = ${ $manifest->{sample} };
    return if hex(substr $run_id, 0, 8) / 2**32 >= $sample;
    return { key => $key, run_id => $run_id, weight => 1 / $sample };
}

sub _envelope {
    my ($report, $manifest, $identity, $by) = @_;
    my ($version, $digest, $grant, $hold);
    if (ref $by) {
        ($version, $digest, $grant) = ($by->{notice}{version}, $by->{notice}{digest}, $by->{id});
        $hold = $by->{review} && ${ $by->{review}{approve} } ? 'approve' : undef;
    } else {
        ($version, $grant) = ($manifest->{notice}{version}, 'flag');
        $digest = Digest::SHA::sha256_hex(_utf8(_consent_text($manifest)));
    }
    my $around = sprintf '{"et":1,"endpoint":%s,"notice":{"version":%s,"digest":%s},"grant":%s,"hold":%s,"erase_key":%s',
        _text_json($manifest->{endpoint}), _number_json($$version), map { _text_json($_) } $digest, $grant, $hold,
        $identity->{key};
    return _utf8($around) . ",\"report\":$report}\n";
}

# A UUID of version 7 (RFC 9562).
sub _report_id {
    my ($now_ms) = @_;
    my $digits = _random_hex(10);
    substr($digits, 0, 1) = '7';
    substr($digits, 4, 1) = substr '89ab', hex(substr $digits, 4, 1) % 4, 1;
    my $time = sprintf '%04x%08x', int($now_ms / 2**32), $now_ms - int($now_ms / 2**32) * 2**32;
    return join '-', substr($time, 0, 8), substr($time, 8, 4), unpack 'A4 A4 A12', $digits;
}

sub _iso {
    my ($ms) = @_;
    my @at = gmtime int($ms / 1000);
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', $at[5] + 1900, $at[4] + 1, @at[ 3, 2, 1, 0 ], $ms % 1000;
}

sub _random_hex {
    my ($count) = @_;
    open my $file, '<:raw', '/dev/urandom' or die "no random bytes: $!\n";
    read($file, my $bytes, $count) == $count or die "no random bytes\n";
    return unpack 'H*', $bytes;
}

sub _host {
    my $name = eval { _read('/proc/sys/kernel/hostname') };
    $name = eval { require Sys::Hostname; Sys::Hostname::hostname() } if !defined $name;
    $name = '' if !defined $name;
    $name =~ s/\s+\z//;
    return substr Digest::SHA::sha256_hex(_utf8($name)), 0, 12;
}

# A report, as JSON: what is declared, of the declared types. What is not known is null, and never 0.

sub _build {
    my ($given, $event, $manifest, $identity, $now_ms, $without, $id) = @_;
    $id = _report_id($now_ms) if !defined $id;
    my $methods = _hash($given->{measured_by}) || {};
    my %json    = (
        command       => _label_json($given->{command}),
        version       => _label_json($given->{version}),
        since_start_s => _amount_json($given->{since_start_s}),
        platform      => _word_json($given->{platform}, @PLATFORMS),
        platform_inner => _word_json($given->{platform_inner}, @PLATFORMS),
        outcome       => _word_json($given->{outcome}, @OUTCOMES),
        exit_code     => _exit_code_json($given->{exit_code}),
        signal        => _text_json(_matching($given->{signal}, qr/^SIG[A-Z0-9+]{1,16}\z/)),
        ( map { $_ => _amount_json($given->{$_}) } qw(wall_s cpu_user_s cpu_system_s) ),
        ( map { $_ => _count_json($given->{$_}) } qw(max_rss_bytes threads read_bytes written_bytes) ),
        limits      => _limits_json(_hash($given->{limits})),
        kill_reason => _label_json($given->{kill_reason}),
        exception   => _exception_json(_hash($given->{exception})),
    );
    for my $field (grep { $without->{$_} } keys %json) { $json{$field} = 'null' }
    $json{platform_inner} = 'null' if $without->{platform};
    my @measures = grep { !$without->{$_} && _label_json($methods->{$_}) ne 'null' } @MEASURES;
    @measures = () if $without->{measured_by};
    $json{measured_by} = '{' . join(',', map { _text_json($_) . ':' . _label_json($methods->{$_}) } @measures) . '}';
    $json{inputs} = $without->{inputs} ? '[]' : _inputs_json(_hash($given->{inputs}) || {}, $manifest->{inputs}, $without);
    $json{data}   = $without->{data}   ? '{}' : _data_json(_hash($given->{data}) || {}, $manifest->{data}, $without);
    $json{id}     = _text_json($id);
    $json{run_id} = _text_json($identity->{run_id});
    $json{event}  = _text_json($event);
    $json{project}         = _text_json($manifest->{project});
    $json{manifest_notice} = _number_json(${ $manifest->{notice}{version} });
    $json{occurred_at}     = _text_json(_iso($now_ms));
    $json{test}            = $given->{test} ? 'true' : 'false';
    $json{weight}          = _number_json($identity->{weight});
    my @order = qw(id run_id event project command version manifest_notice occurred_at since_start_s test platform
        platform_inner outcome exit_code signal wall_s cpu_user_s cpu_system_s max_rss_bytes threads read_bytes
        written_bytes measured_by limits kill_reason weight inputs exception data);
    return _utf8('{' . join(',', map { "\"$_\":$json{$_}" } @order) . '}'), $id;
}

sub _inputs_json {
    my ($sizes, $declared, $without) = @_;
    my @names = grep { $declared->{$_} && !$without->{"inputs.$_"} } sort keys %$sizes;
    my @inputs = map {
        sprintf '{"name":%s,"unit":%s,"size":%s}', _text_json($_), _text_json($declared->{$_}{unit}), _amount_json($sizes->{$_})
    } @names;
    return '[' . join(',', @inputs) . ']';
}

sub _data_json {
    my ($values, $declared, $without) = @_;
    my @kept;
    for my $key (_in_order(keys %$values)) {
        my $type = $key ne '*' && $declared->{$key} ? $declared->{$key}{type} : $declared->{'*'} && _is_name($key) ? 'any' : undef;
        next if !defined $type || $without->{"data.$key"};
        my $json = defined $values->{$key} ? _value_json($type, $values->{$key}) : 'null';
        push @kept, _text_json($key) . ":$json" if defined $json && @kept < MAX_ENTRIES;
    }
    return '{' . join(',', @kept) . '}';
}

sub _value_json {
    my ($type, $value) = @_;
    my $flag = ref $value && ref $value ne 'ARRAY' && ref $value ne 'HASH' && ref $value ne 'CODE';
    if ($flag) { return $type eq 'boolean' || $type eq 'any' ? ((ref $value eq 'SCALAR' ? $$value : $value) ? 'true' : 'false') : undef }
    return if ref $value;
    if ($type eq 'boolean') { return $value =~ /^(?:1|true)\z/ ? 'true' : $value =~ /^(?:0|false|)\z/ ? 'false' : undef }
    if ($type eq 'integer') { return _is_whole($value) ? _number_json($value) : undef }
    if ($type eq 'number') { return _is_number($value) ? _number_json($value) : undef }
    if ($type eq 'any' && _is_number($value)) { return _number_json($value) }
    return _text_json(_scrub_text(_chars($value)));
}

sub _limits_json {
    my ($limits) = @_;
    return 'null' if !$limits;
    return sprintf '{"memory_bytes":%s,"wall_s":%s,"cpus":%s}', _count_json($limits->{memory_bytes}),
        _amount_json($limits->{wall_s}), _amount_json($limits->{cpus});
}

sub _exception_json {
    my ($exception) = @_;
    return 'null' if !$exception;
    my @frames = ref $exception->{frames} eq 'ARRAY' ? grep { ref eq 'HASH' } @{ $exception->{frames} } : ();
    splice @frames, MAX_FRAMES if @frames > MAX_FRAMES;
    my @json = map {
        my $file = defined $_->{file} ? _plain(_base_name(_chars($_->{file})), MAX_LABEL_LENGTH) : '';
        sprintf '{"file":%s,"line":%s,"function":%s}', _text_json($file eq '' ? '?' : $file), _count_json($_->{line}),
            _label_json($_->{function})
    } @frames;
    my $type = _label_json($exception->{type});
    return sprintf '{"type":%s,"frames":[%s]}', $type eq 'null' ? '"Error"' : $type, join ',', @json;
}

sub _hash { return ref $_[0] eq 'HASH' ? $_[0] : undef }

sub _matching { return defined $_[0] && !ref $_[0] && $_[0] =~ $_[1] ? $_[0] : undef }

sub _word_json {
    my ($value, @allowed) = @_;
    return defined $value && (grep { $_ eq $value } @allowed) ? _text_json($value) : 'null';
}

sub _is_number {
    my ($value) = @_;
    return 0 if !defined $value || ref $value || $value !~ /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\z/;
    return abs($value) < 9**9**9;
}
sub _is_whole { return _is_number($_[0]) && $_[0] == int $_[0] && abs $_[0] <= MAX_SAFE_INTEGER }

sub _amount_json { return _is_number($_[0]) && $_[0] >= 0 ? _number_json($_[0]) : 'null' }

sub _count_json {
    my ($value) = @_;
    return _is_number($value) && $value >= 0 && $value <= MAX_SAFE_INTEGER ? _number_json(int($value + 0.5)) : 'null';
}

sub _exit_code_json {
    my ($value) = @_;
    return _is_whole($value) && $value >= -2**31 && $value < 2**32 ? _number_json($value) : 'null';
}

sub _label_json {
    my ($value) = @_;
    return 'null' if !defined $value || ref $value;
    my $text = _scrub_label(_chars($value));
    return $text eq '' ? 'null' : _text_json($text);
}

# What the run was started by, and what it was given: docs/platforms.md, by variables alone.

# Outermost first. Any of the variables tells; those with a plus between have to be there together.
my @SIGNS = (
    [ ci => qw(CI CONTINUOUS_INTEGRATION GITHUB_ACTIONS GITLAB_CI JENKINS_URL BUILDKITE TRAVIS CIRCLECI APPVEYOR TF_BUILD
        TEAMCITY_VERSION CODEBUILD_BUILD_ID BITBUCKET_BUILD_NUMBER) ],
    [ galaxy => qw(GALAXY_SLOTS GALAXY_MEMORY_MB _GALAXY_JOB_DIR _GALAXY_JOB_TMP_DIR _GALAXY_JOB_HOME_DIR) ],
    [ nextflow => qw(NXF_TASK_WORKDIR NXF_BOXID) ],
    [ snakemake => join '+', qw(OMP_NUM_THREADS GOTO_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS
        VECLIB_MAXIMUM_THREADS NUMEXPR_NUM_THREADS TEMPDIR) ],
    ['cwl'],
    [ slurm => qw(SLURM_JOB_ID SLURM_JOBID) ],
    [ pbs => qw(PBS_JOBID PBS_ENVIRONMENT) ],
    [ sge => 'JOB_ID+SGE_TASK_ID' ],
    [ lsf => 'LSB_JOBID' ],
    [ container => qw(container APPTAINER_CONTAINER APPTAINER_NAME SINGULARITY_CONTAINER SINGULARITY_NAME
        KUBERNETES_SERVICE_HOST) ],
);

# Fills in platform and limits where the script gave none. What is left out is not looked up.
sub _place {
    my ($given, $without) = @_;
    my @found = $without->{platform} && $without->{limits} ? () : _platforms();
    if (!$without->{platform}) {
        my $outer = $given->{platform};
        my @others = grep { !defined $outer || $_ ne $outer } @found;
        $given->{platform} = shift @others if !defined $outer;
        $given->{platform_inner} = $others[0] if !defined $given->{platform_inner};
    }
    $given->{limits} = _limits_of(@found) if !$without->{limits} && !$given->{limits};
    return;
}

# Those that are found, outermost first.
sub _platforms {
    my @found;
    for my $each (@SIGNS) {
        my ($name, @signs) = @$each;
        my $is_found = $name eq 'cwl' ? _is_cwl() : grep { !grep { !_is_on($_) } split /\+/ } @signs;
        $is_found ||= $name eq 'container' && (-e '/run/.containerenv' || -e '/.dockerenv');
        push @found, $name if $is_found;
    }
    return @found;
}

# A CWL runner's environment: nothing inherited, and the working directory for a home.
sub _is_cwl {
    return 0 if !_is_on('HOME') || !_is_on('TMPDIR') || _is_on('USER') || _is_on('LOGNAME');
    require Cwd;
    my $here = Cwd::getcwd();
    return defined $here && $here eq $ENV{HOME};
}

sub _limits_of {
    my %is_here = map { $_ => 1 } @_;
    my $given_to = sub {
        my ($platform, $variable, @units) = @_;
        my $value = $is_here{$platform} ? _whole($variable) : undef;
        for my $unit (@units) { $value = defined $value && defined $unit ? $value * $unit : undef }
        return $value;
    };
    my $cpus_here = _whole('SLURM_CPUS_ON_NODE');
    my @memory = (
        $given_to->('galaxy', 'GALAXY_MEMORY_MB',   2**20),
        $given_to->('slurm',  'SLURM_MEM_PER_NODE', 2**20),
        $given_to->('slurm',  'SLURM_MEM_PER_CPU',  2**20, $cpus_here),
    );
    my ($begun, $end) = map { _whole($_) } qw(SLURM_JOB_START_TIME SLURM_JOB_END_TIME);
    my $is_limited = $is_here{slurm} && defined $begun && defined $end && $end - $begun < 365 * 24 * 3600;
    my @wall = ($given_to->('pbs', 'PBS_WALLTIME'), $is_limited ? $end - $begun : ());
    my @cpus = map { $given_to->(@$_) } [ galaxy => 'GALAXY_SLOTS' ], [ snakemake => 'OMP_NUM_THREADS' ],
        [ slurm => 'SLURM_CPUS_PER_TASK' ], [ slurm => 'SLURM_CPUS_ON_NODE' ], [ pbs => 'NCPUS' ], [ pbs => 'PBS_NUM_PPN' ];
    push @cpus, $given_to->('sge', 'NSLOTS') if defined $ENV{NHOSTS} && $ENV{NHOSTS} eq '1';
    push @cpus, $given_to->('lsf', 'LSB_DJOB_NUMPROC') if (split ' ', defined $ENV{LSB_MCPU_HOSTS} ? $ENV{LSB_MCPU_HOSTS} : '') == 2;
    my %limits = (memory_bytes => _least(@memory), wall_s => _least(@wall), cpus => _least(@cpus));
    return (grep { defined } values %limits) ? \%limits : undef;
}

sub _least {
    my @known = sort { $a <=> $b } grep { defined && $_ > 0 } @_;
    return $known[0];
}

sub _whole {
    my ($variable) = @_;
    return defined $ENV{$variable} && $ENV{$variable} =~ /^[0-9]{1,15}\z/ ? $ENV{$variable} + 0 : undef;
}

# Scrubbing: no paths, addresses, or characters that a terminal obeys.

# Bytes that are UTF-8 are taken for what they say.
sub _chars {
    my ($text) = @_;
    utf8::decode($text) if !utf8::is_utf8($text);
    return $text;
}

sub _plain {
    my ($text, $most) = @_;
    $text =~ s/^$SPACE+//;
    $text = substr $text, 0, $most;
    $text =~ s/[\x00-\x1f\x7f-\x9f\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2069}\x{feff}]/ /g;
    $text =~ s/[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/\x{fffd}/g;
    $text =~ s/^$SPACE+|$SPACE+\z//g;
    return $text;
}

sub _base_name { my ($text) = @_; $text =~ s{.*[/\\]}{}s; return $text }

# A short name: never a path, and of a command line its first word alone.
sub _scrub_label {
    my ($text) = @_;
    return _plain($text, MAX_LABEL_LENGTH) if $text !~ m{[/\\]};
    my ($word) = $text =~ /(\S+)/;
    return index($word, '://') >= 0 ? '[url]' : _plain(_base_name($word), MAX_LABEL_LENGTH);
}

sub _scrub_text {
    my ($text) = @_;
    if (length $text > 2 * MAX_TEXT_LENGTH) {
        $text = substr $text, 0, 2 * MAX_TEXT_LENGTH;
        $text =~ s/\S+\z//;
    }
    $text =~ s{\b[a-z][a-z0-9+.-]{1,15}://[^\s"'<>]*}{[url]}gi;
    $text =~ s{[^\s\@"'<>()]+\@[^\s\@"'<>()]+}{[email]}g;
    $text =~ s{(?:[A-Za-z]:)?[^\s"'<>:;,=()]*[/\\][^\s"'<>:;,=()]*}{[path]}g;
    return _plain($text, MAX_TEXT_LENGTH);
}

# Consent: docs/consent.md.

# What allows a report: a grant, or "flag"; else why not.
# Where the grant is for another notice than the script's, what is kept is what both cover.
sub _may_keep {
    my ($manifest, $flagged, $policy, $reading) = @_;
    my $mode    = $reading->{mode} || '';
    my $grant   = $mode eq 'granted' || $mode eq 'local' ? $reading->{grant} : undef;
    my $covers  = $grant && $grant->{text} eq _consent_text($manifest);
    my $by_flag = $flagged && !($covers && $mode eq 'granted');
    my $ruled   = _ruled_out($grant && !$covers && !$by_flag ? $grant->{endpoint} : $manifest->{endpoint}, $policy);
    return undef, $ruled if $ruled;
    return undef, 'consent_unreadable' if $reading->{state} eq 'unreadable';
    return undef, 'denied' if $mode eq 'denied';
    return 'flag' if $by_flag;
    return $grant if $grant;
    return undef, $mode eq 'withdrawn' ? 'withdrawn' : 'no_decision';
}

# The manifest under which a run is kept while its own waits for an answer: what both name, as it was agreed.
sub _covered_by {
    my ($agreed, $declared) = @_;
    my ($former, $present)  = ($agreed->{data}, $declared->{data});
    my (%inputs, %data);
    for my $name (keys %{ $agreed->{inputs} }) {
        my $other = $declared->{inputs}{$name};
        $inputs{$name} = $agreed->{inputs}{$name} if $other && $other->{unit} eq $agreed->{inputs}{$name}{unit};
    }
    my $with_any = 1;
    my %seen     = (%$former, %$present);
    for my $key (keys %seen) {
        my ($one, $other) = ($former->{$key}, $present->{$key});
        if ($one && $other) {
            if   ($one->{type} eq $other->{type}) { $data{$key} = $one }
            else                                  { $with_any   = 0 }    # It is in neither's "*".
        } elsif (($one ? $present : $former)->{'*'}) {
            $data{$key} = $one || $other;
        }
    }
    delete $data{'*'} if !$with_any;
    return { %$agreed, inputs => \%inputs, data => \%data, sample => $declared->{sample} };
}

sub _ruled_out {
    my ($endpoint, $policy) = @_;
    my $allowed = $policy->{endpoints};
    return 'site_policy' if $policy->{deny} || $allowed && !grep { $_ eq $endpoint } @$allowed;
    for my $name (qw(DO_NOT_TRACK ET_DISABLED)) { return lc $name if _is_on($name) }
    return;
}

sub _is_on {
    my ($variable) = @_;
    my $value = defined $ENV{$variable} ? lc $ENV{$variable} : '';
    $value =~ s/^\s+|\s+\z//g;
    return !grep { $_ eq $value } '', qw(0 false no off);
}

# One that is there and can't be understood means no.
sub _site_policy {
    my $deny = { deny => 1, endpoints => undef, without => [] };
    my $text = eval { _read(SITE_POLICY) };
    return { %$deny, deny => 0 } if !defined $text && ($!{ENOENT} || $!{ENOTDIR});
    my $policy = eval { _parse($text) };
    return $deny if !_hash($policy);
    my $without = exists $policy->{without} ? $policy->{without} : [];
    return $deny if !_are_texts($without) || defined $policy->{endpoints} && !_are_texts($policy->{endpoints});
    return $deny if exists $policy->{deny} && !_is_flag($policy->{deny});
    my $endpoints = $policy->{endpoints} ? [ map { my $each = $_; $each =~ s{/+\z}{}; $each } @{ $policy->{endpoints} } ] : undef;
    return { deny => exists $policy->{deny} && ${ $policy->{deny} }, endpoints => $endpoints, without => $without };
}

sub _read_consent {
    my ($folder, $project) = @_;
    my $unreadable = { state => 'unreadable' };
    return $unreadable if !_is_name($project);
    my $text = eval { _read("$folder/$project.json") };
    return $!{ENOENT} ? { state => 'none' } : $unreadable if !defined $text;
    my $record = eval { _parse($text) };
    return $unreadable if !_hash($record) || !_is_int($record->{et}) || ${ $record->{et} } != 1;
    my ($mode, $since) = @$record{qw(mode since)};
    return $unreadable if !_is_text($record->{project}) || $record->{project} ne $project || !_is_text($mode);
    return $unreadable if $mode !~ /^(?:granted|local|denied|withdrawn)\z/;
    return $unreadable if !_is_text($since) || $since !~ /^\d{4}-\d\d-\d\dT.+Z\z/;
    my $grant = _is_grant($record->{grant}) ? $record->{grant} : undef;
    return $unreadable if $mode =~ /^(?:granted|local)\z/ && !$grant;
    return { state => 'decided', mode => $mode, grant => $grant };
}

# What restricts a grant and can't be read makes it none: it would else allow more than its user said.
sub _is_grant {
    my ($grant) = @_;
    return 0 if !_hash($grant) || !_hash($grant->{notice}) || !_is_int($grant->{notice}{version});
    return 0 if grep { !_is_text($_) } @$grant{qw(id endpoint text)}, $grant->{notice}{digest};
    return 0 if exists $grant->{without} && !_are_texts($grant->{without});
    return 1 if !exists $grant->{review};
    my $review = $grant->{review};
    return _hash($review) && _is_flag($review->{approve}) && ref $review->{delay_s} eq 'ET::Number' && ${ $review->{delay_s} } >= 0;
}

sub _is_text { return defined $_[0] && !ref $_[0] && $_[0] ne '' }
sub _is_flag { return ref $_[0] eq 'ET::Flag' }
sub _is_int { return ref $_[0] eq 'ET::Number' && _is_whole(${ $_[0] }) }
sub _are_texts { return ref $_[0] eq 'ARRAY' && !grep { !_is_text($_) } @{ $_[0] } }

# The manifest, et.json.

sub _declared {
    my ($source, $folders) = @_;
    my $text = eval { _read($source) };
    die "manifest: it can't be read\n" if !defined $text;
    my $manifest = eval { _parse($text) };
    die "manifest: it is not JSON\n" if !_hash($manifest);
    _check_manifest($manifest);
    my $reading = $folders ? _read_consent($folders->{consent}, $manifest->{project}) : { state => 'none' };
    return $manifest, $reading;
}

# Fills in every default. Dies where something is wrong.
sub _check_manifest {
    my ($manifest) = @_;
    _only($manifest, qw(et project endpoint notice inputs data sample));
    _must(_is_int($manifest->{et}) && ${ $manifest->{et} } == 1, 'et');
    _must(_is_name($manifest->{project}),                       'project');
    _must(_is_endpoint($manifest->{endpoint}),                  'endpoint');
    $manifest->{endpoint} =~ s{/+\z}{};
    $manifest->{sample} = bless \(my $all = 1), 'ET::Number' if !defined $manifest->{sample};
    my $sample = $manifest->{sample};
    _must(ref $sample eq 'ET::Number' && $$sample >= 1e-9 && $$sample <= 1, 'sample');
    my $notice = $manifest->{notice};
    _must(_hash($notice), 'notice');
    _only($notice, qw(version purpose contact retention url addresses));
    _must(_is_int($notice->{version}) && ${ $notice->{version} } >= 1, 'notice.version');
    _must(_is_short($notice->{$_}, MAX_TEXT_LENGTH), "notice.$_") for qw(purpose contact retention);
    _must($notice->{retention} =~ /^P(?=\d)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?\z/, 'notice.retention');
    $notice->{url} = undef if !defined $notice->{url};
    _must(!defined $notice->{url} || _is_text($notice->{url}) && $notice->{url} =~ m{^https?://.}, 'notice.url');
    $notice->{addresses} = 'full' if !defined $notice->{addresses};
    _must(_is_text($notice->{addresses}) && $notice->{addresses} =~ /^(?:full|truncated|hashed|none)\z/, 'notice.addresses');
    _check_entries($manifest, 'inputs', 'unit');
    _check_entries($manifest, 'data',   'type');
    return;
}

sub _check_entries {
    my ($manifest, $what, $first) = @_;
    $manifest->{$what} = {} if !defined $manifest->{$what};
    my $entries = $manifest->{$what};
    _must(_hash($entries) && keys %$entries <= MAX_ENTRIES, $what);
    for my $key (keys %$entries) {
        my $entry = $entries->{$key};
        _must((_is_name($key) || $what eq 'data' && $key eq '*') && _hash($entry), "$what.$key");
        _only($entry, $first, 'why');
        _must(_is_short($entry->{why}, MAX_TEXT_LENGTH) && _is_short($entry->{$first}, MAX_LABEL_LENGTH), "$what.$key");
        _must($first eq 'unit' || $entry->{type} =~ /^(?:integer|number|string|boolean)\z/, "$what.$key.type");
    }
    return;
}

sub _must { my ($is_so, $what) = @_; die "manifest: $what is not as it must be\n" if !$is_so; return }

sub _only {
    my ($hash, @known) = @_;
    for my $key (keys %$hash) { _must(scalar(grep { $_ eq $key } @known), $key) }
    return;
}

sub _is_short {
    my ($text, $most) = @_;
    return 0 if !_is_text($text) || $text =~ /^$SPACE*\z/;
    my $pairs = () = $text =~ /[^\x{0}-\x{ffff}]/g;
    return length($text) + $pairs <= $most;
}

sub _is_name { return defined $_[0] && !ref $_[0] && $_[0] =~ /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z/ }

sub _is_endpoint {
    my ($text) = @_;
    return 0 if !_is_text($text) || $text !~ m{^(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[^\s?\#\\]*)?\z};
    return $1 eq 'https' || $2 =~ /^(?:localhost|\[::1\]|127(?:\.\d{1,3}){3})\z/i;
}

# What a user agrees to, as one text: JSON with sorted keys and no spaces, without the sampling rate.
sub _consent_text {
    my ($manifest) = @_;
    return _sorted_json({ map { $_ => $manifest->{$_} } grep { $_ ne 'sample' } keys %$manifest });
}

# JSON, byte for byte as JavaScript's JSON.stringify writes it.

sub _sorted_json {
    my ($value) = @_;
    return 'null' if !defined $value;
    return _text_json($value) if !ref $value;
    return _number_json($$value) if ref $value eq 'ET::Number';
    return '{' . join(',', map { _text_json($_) . ':' . _sorted_json($value->{$_}) } _in_order(keys %$value)) . '}';
}

# Keys that are indices of an array come first in JavaScript, as numbers.
sub _in_order {
    my @keys = sort @_;
    my @indices = sort { $a <=> $b } grep { _is_index($_) } @keys;
    return @indices, grep { !_is_index($_) } @keys;
}

sub _is_index { return $_[0] =~ /^(?:0|[1-9]\d{0,9})\z/ && $_[0] < 2**32 - 1 }

my %ESCAPES = ("\b" => '\b', "\f" => '\f', "\n" => '\n', "\r" => '\r', "\t" => '\t', '"' => '\"', '\\' => '\\\\');

sub _text_json {
    my ($text) = @_;
    return 'null' if !defined $text;
    $text =~ s/(["\\\x00-\x1f])/exists $ESCAPES{$1} ? $ESCAPES{$1} : sprintf '\u%04x', ord $1/ge;
    return "\"$text\"";
}

# The fewest digits that mean the same number.
sub _number_json {
    my $value = $_[0] + 0;
    return '0' if $value == 0;
    return sprintf '%.0f', $value if $value == int $value && abs $value < 1e15;
    my $text;
    for my $places (14 .. 16) {
        $text = sprintf "%.${places}e", $value;
        last if $text == $value;
    }
    my ($sign, $whole, $fraction, $exponent) = $text =~ /^(-?)(\d)\.?(\d*)e([+-]\d+)\z/ or return 'null';
    my $digits = "$whole$fraction";
    $digits =~ s/0+\z//;
    return $sign . _digits($digits, $exponent + 1);
}

sub _digits {
    my ($digits, $point) = @_;
    my $count = length $digits;
    return $digits . '0' x ($point - $count) if $count <= $point && $point <= 21;
    return substr($digits, 0, $point) . '.' . substr($digits, $point) if 0 < $point && $point <= 21;
    return '0.' . '0' x -$point . $digits if -6 < $point && $point <= 0;
    my $fraction = $count > 1 ? '.' . substr $digits, 1 : '';
    return substr($digits, 0, 1) . $fraction . 'e' . ($point > 0 ? '+' : '-') . abs($point - 1);
}

# Numbers and flags come as references, so that they are not taken for texts. Dies where it is not JSON.
sub _parse {
    my ($text) = @_;
    my $value = _value(\$text);
    $text =~ /\G[ \t\n\r]*\z/gc or die "not JSON\n";
    return $value;
}

sub _value {
    my ($text) = @_;
    $$text =~ /\G[ \t\n\r]+/gc;
    return _members($text)  if $$text =~ /\G\{/gc;
    return _elements($text) if $$text =~ /\G\[/gc;
    return _string($text)   if $$text =~ /\G"/gc;
    return bless \(my $is = $1 eq 'true' ? 1 : 0), 'ET::Flag' if $$text =~ /\G(true|false)/gc;
    return undef if $$text =~ /\Gnull/gc;
    return bless \(my $number = $1), 'ET::Number' if $$text =~ /\G(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/gc;
    die "not JSON\n";
}

sub _members {
    my ($text) = @_;
    my %members;
    return \%members if $$text =~ /\G[ \t\n\r]*\}/gc;
    while ($$text =~ /\G[ \t\n\r]*"/gc) {
        my $key = _string($text);
        $$text =~ /\G[ \t\n\r]*:/gc or last;
        $members{$key} = _value($text);
        return \%members if $$text =~ /\G[ \t\n\r]*\}/gc;
        $$text =~ /\G[ \t\n\r]*,/gc or last;
    }
    die "not JSON\n";
}

sub _elements {
    my ($text) = @_;
    my @elements;
    return \@elements if $$text =~ /\G[ \t\n\r]*\]/gc;
    while (1) {
        push @elements, _value($text);
        return \@elements if $$text =~ /\G[ \t\n\r]*\]/gc;
        $$text =~ /\G[ \t\n\r]*,/gc or die "not JSON\n";
    }
}

my %UNESCAPED = (b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");

# Halves of characters are refused.
sub _string {
    my ($text) = @_;
    my $string = '';
    while (1) {
        if ($$text =~ /\G([^"\\\x00-\x1f]+)/gc) { $string .= $1 }
        elsif ($$text =~ /\G"/gc) { return $string }
        elsif ($$text =~ /\G\\(["\\\/])/gc) { $string .= $1 }
        elsif ($$text =~ /\G\\([bfnrt])/gc) { $string .= $UNESCAPED{$1} }
        elsif ($$text =~ /\G\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/gc) {
            $string .= chr(0x10000 + (hex($1) - 0xd800) * 0x400 + hex($2) - 0xdc00);
        }
        elsif ($$text =~ /\G\\u(?![dD][89a-fA-F])([0-9a-fA-F]{4})/gc) { $string .= chr hex $1 }
        else { die "not JSON\n" }
    }
}

sub _utf8 { my ($text) = @_; utf8::encode($text); return $text }

# The disk: docs/spool-format.md.

# Where reports and decisions are; undef where there is no place.
sub _folders {
    my $spool  = _given($ENV{ET_SPOOL});
    my $config = _given($ENV{ET_CONFIG});
    my ($state_base, $config_base) = (_base('XDG_STATE_HOME', '.local/state'), _base('XDG_CONFIG_HOME', '.config'));
    $spool  = defined $state_base ? "$state_base/spool" : undef if !defined $spool;
    $config = $config_base if !defined $config;
    return if !defined $spool || !defined $config;
    return { spool => _absolute($spool), consent => _absolute($config) . '/consent' };
}

sub _given { return defined $_[0] && $_[0] ne '' ? $_[0] : undef }

sub _base {
    my ($variable, $below) = @_;
    return "$ENV{$variable}/et" if defined $ENV{$variable} && $ENV{$variable} =~ m{^/};
    my $home = _given($ENV{HOME});
    $home = eval { (getpwuid $>)[7] } if !defined $home;
    return if !defined $home || $home eq '';
    return $^O eq 'darwin' ? "$home/Library/Application Support/et" : "$home/$below/et";
}

sub _absolute {
    my ($path) = @_;
    return $path if $path =~ m{^/};
    require Cwd;
    my $here = Cwd::getcwd();
    die "the working directory is gone\n" if !defined $here;
    return "$here/$path";
}

# Text out of UTF-8. Dies, with the reason in $!, where it can't be read.
sub _read {
    my ($path) = @_;
    die "no path\n" if !defined $path || ref $path;
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;
    my $text = <$file>;
    die "$path: $!\n" if !defined $text;
    utf8::decode($text);
    return $text;
}

my %REFUSALS = (
    ENOSPC => 'disk_full', EDQUOT => 'disk_full', EFBIG => 'disk_full', EACCES => 'not_writable', EPERM => 'not_writable',
    EROFS  => 'not_writable', EMFILE => 'too_many_open_files', ENFILE => 'too_many_open_files',
);

# Delivers a report as maildir does: its path; or undef, the reason and the detail.
sub _put {
    my ($spool, $name, $content) = @_;
    my ($path, @refusal) = _deliver($spool, $name, $content);
    if (!defined $path && !@refusal && $!{ENOENT}) {
        ($path, @refusal) = _make_spool($spool) ? _deliver($spool, $name, $content) : ();
    }
    return $path if defined $path;
    return undef, @refusal if @refusal;
    my ($code) = grep { $!{$_} } sort keys %REFUSALS;
    return undef, $code ? $REFUSALS{$code} : 'spool_unavailable', "$!";
}

sub _deliver {
    my ($spool, $name, $content) = @_;
    my @stat = stat $spool or return;
    return undef, 'spool_unsafe', 'it is not a folder' if !-d _;
    return undef, 'spool_unsafe', 'it belongs to another user' if $stat[4] != $>;
    return undef, 'spool_unsafe', 'others can write it' if $stat[2] & 022;
    my ($temporary, $path) = ("$spool/tmp/$name", "$spool/new/$name");
    sysopen my $file, $temporary, O_WRONLY | O_CREAT | O_EXCL, 0600 or return;
    if (_write_all($file, $content) && close($file) && rename $temporary, $path) {
        _sync_folder("$spool/new");
        return $path;
    }
    my $error = $!;
    unlink $temporary;
    $! = $error;
    return;
}

sub _write_all {
    my ($file, $content) = @_;
    chmod 0600, $file;    # Whatever the umask took.
    my $at = 0;
    while ($at < length $content) {
        my $count = syswrite $file, $content, length($content) - $at, $at;
        return 0 if !defined $count;
        $at += $count;
    }
    return $file->sync;
}

sub _sync_folder {
    my ($folder) = @_;
    open my $file, '<', $folder or return;
    $file->sync;
    return;
}

# Makes what is missing, for the user alone.
sub _make_spool {
    my ($spool) = @_;
    my @made = _make_folders($spool) or -d $spool or return 0;
    for my $name (qw(tmp new)) { _make_one("$spool/$name") or return 0 }
    _sync_folder($_) for $spool, map { m{^(.*)/}s ? $1 || '/' : () } @made;
    return 1;
}

sub _make_folders {
    my ($folder) = @_;
    return () if -d $folder;
    my ($parent) = $folder =~ m{^(.+)/[^/]+\z}s;
    my @above = defined $parent ? _make_folders($parent) : ();
    return _make_one($folder) ? (@above, $folder) : ();
}

sub _make_one {
    my ($folder) = @_;
    return $!{EEXIST} if !mkdir $folder, 0700;
    return chmod 0700, $folder;    # Whatever the umask took.
}

1;
