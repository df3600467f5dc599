#!/bin/sh
# A Slurm cluster of one node on this machine, for tests: no systemd, no cgroups, no fixed ports.
#
#   cluster.sh start DIR   starts munged, slurmctld and slurmd with all their files in DIR, which must
#                          have a short path without spaces; then SLURM_CONF=DIR/slurm.conf sbatch …
#   cluster.sh stop DIR    ends them, by the numbers that they left there
#
# On Debian: apt-get install slurm-wlm munge.
set -eu

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

[ $# -eq 2 ] || fail "cluster.sh start|stop DIR"
dir=$2
PATH="$PATH:/usr/sbin:/sbin"

stop() {
    for name in slurmd slurmctld munged; do
        if [ -s "$dir/$name.pid" ]; then
            pid=$(cat "$dir/$name.pid")
            kill "$pid" 2>/dev/null || true
            for _ in $(seq 100); do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.1
            done
            kill -9 "$pid" 2>/dev/null || true
            rm -f "$dir/$name.pid"
        fi
    done
}

configure() {
    cores=$(nproc)
    port=$((20000 + $$ % 10000 * 2))
    cat >"$dir/slurm.conf" <<CONF
ClusterName=weir
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$dir/munge.socket
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

start() {
    for program in munged slurmctld slurmd sbatch; do
        command -v "$program" >/dev/null || fail "$program is missing: apt-get install slurm-wlm munge"
    done
    mkdir -p "$dir/state" "$dir/spool"
    chmod 0755 "$dir"
    head -c 128 /dev/urandom >"$dir/munge.key"
    chmod 0400 "$dir/munge.key"
    # Its own checks ask for folders that only a packaged service has.
    munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
        --log-file="$dir/munged.log" --seed-file="$dir/munge.seed" 2>"$dir/munged.err" ||
        fail "munged does not start: $(cat "$dir/munged.err")"
    configure
    export SLURM_CONF="$dir/slurm.conf"
    slurmctld -f "$SLURM_CONF"
    slurmd -f "$SLURM_CONF" -N "$(hostname -s)"
    for _ in $(seq 300); do
        if sinfo --noheader --format=%T 2>/dev/null | grep -q idle; then
            return 0
        fi
        sleep 0.1
    done
    tail -n 5 "$dir"/slurm*.log >&2 || true
    stop
    fail "the node did not come up within 30 seconds"
}

case $1 in
start) start ;;
stop) stop ;;
*) fail "cluster.sh start|stop DIR" ;;
esac
