#!/usr/bin/env bash
# A real SLURM cluster on this machine, for tests: Debian's packages on loopback, everything in one folder.
#
#   cluster.sh up FOLDER [--accounting]      munge, slurmctld, nodes n1 and n2; with --accounting also slurmdbd and MariaDB
#   cluster.sh kill DAEMON FOLDER            kill -9 slurmctld, slurmdbd or a node (n1, n2) with all of its jobs: a loss of power
#   cluster.sh start DAEMON FOLDER           start it again
#   cluster.sh down FOLDER                   end every process, remove the one link outside the folder: /etc/slurm/slurm.conf
#
# Each node has the machine's cores and memory, and two GPUs that are copies of /dev/null: SLURM counts them, gives them out
# and sets CUDA_VISIBLE_DEVICES. There are no cgroups: memory is sampled every second, and a job above its request is killed.
set -euo pipefail

PACKAGES="munge slurmctld slurmd slurm-client"
ACCOUNTING_PACKAGES="slurmdbd slurm-wlm-mysql-plugin mariadb-server"
NODES="n1 n2"
LINK=/etc/slurm/slurm.conf

refuse() { echo "cluster.sh: $1" >&2; exit 1; }

usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

action=${1:-}
case $action in
  up|down) [ $# -ge 2 ] || usage; folder=$(readlink -m "$2"); option=${3:-} ;;
  kill|start) [ $# -eq 3 ] || usage; subject=$2; folder=$(readlink -m "$3") ;;
  *) usage ;;
esac
export SLURM_CONF="$folder/slurm.conf"

check() {
  local wanted=$PACKAGES missing="" package
  [ "$option" != --accounting ] || wanted="$wanted $ACCOUNTING_PACKAGES"
  for package in $wanted; do dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"; done
  [ -z "$missing" ] || refuse "packages are missing. As root: apt-get install -y --no-install-recommends$missing"
  [ "$(id -u)" = 0 ] || refuse "needs root: SLURM's daemons start jobs as other users, and the fake GPUs are device nodes"
  [ ${#folder} -le 60 ] || refuse "the path of '$folder' is too long for sockets: at most 60 characters"
  if left_by_a_killed_test; then echo "cluster.sh: $LINK of a test that was killed is removed" >&2; rm "$LINK"; fi
  if [ -e "$LINK" ] || [ -L "$LINK" ]; then refuse "$LINK exists: this machine has a cluster already ('down' removes one of ours)"; fi
}

# whether the link points into a folder of the tests, in which no process has a file open
left_by_a_killed_test() {
  local target
  target=$(readlink "$LINK") || return 1
  [[ $target == */unlearnkit-slurm-*/slurm.conf && -z $(ours "${target%/*}/*") ]]
}

wait_for() {  # wait_for SECONDS WHAT COMMAND...
  local deadline=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { tail -n 5 "$folder"/log/*.log >&2; refuse "$what did not come up; logs in $folder/log"; }
    sleep 0.2
  done
}

configure() {
  local cpus memory node port=17000
  cpus=$(getconf _NPROCESSORS_ONLN)
  memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
  cat <<CONF
ClusterName=unlearnkit
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# a requeued job starts again once its old credential has expired: here after 5 s, otherwise after 2 minutes
AuthInfo=socket=$folder/run/munge.sock,cred_expire=5
SlurmctldPort=16817
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/%n.pid
SlurmdSpoolDir=$folder/spool/%n
StateSaveLocation=$folder/state
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
GresTypes=gpu
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=5,bf_interval=5
# a job over its memory request is killed (clusters with cgroups do the same)
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
# a dead node and a dead controller are noticed in seconds, not in minutes
SlurmdTimeout=10
SlurmctldTimeout=10
MessageTimeout=5
KillWait=2
UnkillableStepTimeout=300
ReturnToService=2
# ended jobs stay listed for as long as a test looks at them
MinJobAge=7200
CONF
  if [ "$option" = --accounting ]; then
    cat <<CONF
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
AccountingStoragePass=$folder/run/munge.sock
AccountingStoreFlags=job_comment
AccountingStorageTRES=gres/gpu
AccountingStorageEnforce=associations,limits,qos
CONF
  else
    echo "AccountingStorageType=accounting_storage/none"
  fi
  for node in $NODES; do
    port=$((port + 1))
    echo "NodeName=$node NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$port CPUs=$cpus RealMemory=$memory Gres=gpu:2"
  done
  echo "PartitionName=gpu Nodes=ALL Default=YES DefMemPerCPU=1000 MaxTime=1-0"
  echo "PartitionName=cpu Nodes=ALL DefMemPerCPU=1000 MaxTime=1-0"
}

make_devices() {
  local number
  mkdir -p "$folder/dev"
  for number in 0 1; do mknod "$folder/dev/nvidia$number" c 1 3; done
  # without Flags=nvidia_gpu_env CUDA_VISIBLE_DEVICES is not set
  echo "Name=gpu File=$folder/dev/nvidia[0-1] Flags=nvidia_gpu_env" > "$folder/gres.conf"
}

start() {
  case $1 in
    munge)
      munged --force --key-file="$folder/munge.key" --socket="$folder/run/munge.sock" --pid-file="$folder/run/munged.pid" \
        --log-file="$folder/log/munged.log" --seed-file="$folder/run/munge.seed" ;;
    slurmctld) slurmctld -f "$SLURM_CONF"; wait_for 120 slurmctld sh -c 'scontrol ping | grep -q UP' ;;
    slurmdbd)
      slurmdbd
      wait_for 120 slurmdbd sacctmgr -n list cluster ;;
    n*) slurmd -f "$SLURM_CONF" -N "$1" ;;
    *) usage ;;
  esac
}

start_database() {
  local password
  password=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
  mariadb-install-db --no-defaults --user=root --datadir="$folder/database" --auth-root-authentication-method=normal \
    --skip-test-db > "$folder/log/mariadb.log" 2>&1
  mariadbd --no-defaults --user=root --datadir="$folder/database" --socket="$folder/run/mariadb.sock" --bind-address=127.0.0.1 \
    --port=16818 --pid-file="$folder/run/mariadbd.pid" --innodb-buffer-pool-size=64M >> "$folder/log/mariadb.log" 2>&1 &
  wait_for 120 MariaDB mariadb-admin --no-defaults --socket="$folder/run/mariadb.sock" ping
  mariadb --no-defaults --socket="$folder/run/mariadb.sock" \
    -e "CREATE USER 'slurm'@'localhost' IDENTIFIED BY '$password'; GRANT ALL ON slurm.* TO 'slurm'@'localhost';"
  (umask 077; cat > "$folder/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.sock
DbdHost=localhost
DbdPort=16819
SlurmUser=root
PidFile=$folder/run/slurmdbd.pid
LogFile=$folder/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=16818
StorageUser=slurm
StoragePass=$password
StorageLoc=slurm
CONF
  )
}

declare_account() {
  sacctmgr -i -Q add cluster unlearnkit
  sacctmgr -i -Q add account lab Description=tests Organization=tests
  sacctmgr -i -Q add qos batch
  sacctmgr -i -Q add user root Account=lab QOS=normal,batch DefaultQOS=normal
  sacctmgr -i -Q modify user root set DefaultAccount=lab
}

all_idle() { [ "$(sinfo -h -N -p gpu -t idle -o %N | sort -u | wc -l)" = "$(wc -w <<< "$NODES")" ]; }

up() {
  local node
  check
  mkdir -p "$folder"/{run,state,log,spool}
  chmod 755 "$folder" "$folder/run" "$folder/log"
  (umask 077; head -c 128 /dev/urandom > "$folder/munge.key")
  configure > "$SLURM_CONF"
  make_devices
  # srun inside a job looks here: Snakemake takes the variable SLURM_CONF away from it
  mkdir -p /etc/slurm; ln -s "$SLURM_CONF" "$LINK"
  start munge
  if [ "$option" = --accounting ]; then start_database; start slurmdbd; declare_account; fi
  start slurmctld
  for node in $NODES; do mkdir "$folder/spool/$node"; start "$node"; done
  wait_for 120 "the nodes" all_idle
  sinfo -N -o '%N %P %T %c %m %G'
}

# ids of the processes that have a file open which matches a pattern, and of all that they started
ours() {
  local owner
  for owner in $(find /proc/[0-9]*/fd -lname "$1" 2>/dev/null | cut -d/ -f3 | sort -un); do family "$owner"; done
}

family() {
  local child
  echo "$1"
  for child in $(ps -o pid= --ppid "$1"); do family "$child"; done
}

# ids of the processes that jobs of this cluster have left behind: without cgroups slurmd loses sight of some
left_behind() { grep -lzs "^SLURM_CONF=$SLURM_CONF$" /proc/[0-9]*/environ | cut -d/ -f3; }

alive() { ps -o stat= -p "$1" | grep -qv "^Z"; }

down() {
  local pids
  pids=$(ours "$folder/*" | sort -un | xargs)
  if [ -n "$pids" ]; then
    # shellcheck disable=SC2086
    kill $pids 2>/dev/null || true
    for _ in $(seq 50); do alive "$pids" || break; sleep 0.1; done
    pids="$pids $(ours "$folder/*" | sort -un | xargs)"
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null || true
  fi
  # shellcheck disable=SC2046
  kill -9 $(left_behind) 2>/dev/null || true
  if [ "$(readlink "$LINK")" = "$SLURM_CONF" ]; then rm "$LINK"; fi
}

case $action in
  up) up ;;
  down) down ;;
  start) start "$subject" ;;
  # shellcheck disable=SC2046
  kill) kill -9 $(ours "$folder/log/$subject.log") 2>/dev/null || true ;;
esac
