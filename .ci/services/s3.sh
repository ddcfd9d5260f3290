#!/bin/bash
# A strict, real S3 server on loopback for the conformance tests: Ceph's gateway from Debian (one monitor, one OSD in memory,
# one radosgw). It keeps nothing. The keys are the ones in tests/support/services.ts.
#
#   .ci/services/s3.sh start | stop         S3_PORT (15080)
#
# start installs the packages when they are missing (root and apt: about 15 s), and says so when it cannot.
set -u
port=${S3_PORT:-15080}
home=${TMPDIR:-/tmp}/hedgerow-s3
access_key=HEDGEROWTESTACCESS01
secret_key=hedgerow-test-secret-000000000000000001
export CEPH_CONF=$home/ceph.conf CEPH_ARGS="--conf $home/ceph.conf"

fail() { echo "s3: $*" >&2; exit 1; }

stop() {
  for name in radosgw osd mon; do
    [ -s "$home/$name.pid" ] && kill "$(cat "$home/$name.pid")" 2>/dev/null
  done
  for _ in $(seq 50); do
    local alive=0
    for name in radosgw osd mon; do
      [ -s "$home/$name.pid" ] && kill -0 "$(cat "$home/$name.pid")" 2>/dev/null && alive=1
    done
    [ $alive = 0 ] && break
    sleep 0.1
  done
  for name in radosgw osd mon; do
    [ -s "$home/$name.pid" ] && kill -9 "$(cat "$home/$name.pid")" 2>/dev/null
  done
  rm -rf "$home"
}

install_packages() {
  command -v ceph-mon >/dev/null && command -v ceph-osd >/dev/null && command -v radosgw >/dev/null && command -v curl >/dev/null && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "needs ceph-mon, ceph-osd, ceph-common, radosgw and curl, and root with apt-get to install them"
  echo "s3: installing Ceph from Debian"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ceph-mon ceph-osd ceph-common radosgw curl >/dev/null ||
    fail "the packages could not be installed"
}

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
  local tries=$(($1 * 5)); shift
  for _ in $(seq "$tries"); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  fail "gave up waiting for: $*"
}

answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" != 000 ]; }
osd_up() { timeout 5 ceph osd stat 2>/dev/null | grep -q '1 up'; }

background() { # background NAME COMMAND...
  local name=$1; shift
  setsid "$@" >"$home/$name.out" 2>&1 </dev/null &
  echo $! >"$home/$name.pid"
}

start() {
  if [ -s "$home/radosgw.pid" ] && kill -0 "$(cat "$home/radosgw.pid")" 2>/dev/null && answers; then
    echo "s3: already on http://127.0.0.1:$port"
    return
  fi
  install_packages
  stop
  mkdir -p "$home"/{mon,osd,run,rgw}
  cd "$home" || exit 1
  local cluster osd_uuid osd_id
  cluster=$(cat /proc/sys/kernel/random/uuid)
  osd_uuid=$(cat /proc/sys/kernel/random/uuid)
  cat >ceph.conf <<C
[global]
fsid = $cluster
mon initial members = a
mon host = [v2:127.0.0.1:13310,v1:127.0.0.1:16799]
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = $home/keyring
run dir = $home/run
admin socket = $home/run/\$name.\$pid.asok
log file = $home/\$name.log
mon cluster log file = $home/cluster.log
crash dir = $home/run
osd pool default size = 1
osd pool default min size = 1
mon allow pool size one = true
osd crush chooseleaf type = 0
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
mon max pg per osd = 1000
mon data avail warn = 2
mon data avail crit = 1
[mon.a]
mon data = $home/mon
[osd]
osd objectstore = memstore
memstore device bytes = 2147483648
osd data = $home/osd
osd class load list = *
osd class default list = *
[client.rgw]
keyring = $home/keyring
rgw frontends = beast endpoint=127.0.0.1:$port
rgw enable usage log = false
rgw enable ops log = false
rgw data = $home/rgw
rgw dns name =
C
  ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *' >/dev/null &&
    ceph-authtool keyring --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' >/dev/null &&
    ceph-authtool keyring --gen-key -n client.rgw --cap mon 'allow rwx' --cap osd 'allow rwx' >/dev/null &&
    monmaptool --create --addv a '[v2:127.0.0.1:13310,v1:127.0.0.1:16799]' --fsid "$cluster" monmap >/dev/null &&
    ceph-mon -i a --mkfs --monmap monmap --keyring keyring >mon-mkfs.out 2>&1 || fail "the monitor could not be made: see $home"
  background mon ceph-mon -i a -f
  wait_for 30 timeout 5 ceph -s
  osd_id=$(ceph osd new "$osd_uuid" 2>/dev/null) || fail "no id for the OSD"
  ceph auth get-or-create "osd.$osd_id" mon 'allow profile osd' osd 'allow *' -o osd/keyring 2>/dev/null
  ceph-osd -i "$osd_id" --mkfs --osd-uuid "$osd_uuid" --keyring osd/keyring >osd-mkfs.out 2>&1 || fail "the OSD could not be made: see $home/osd-mkfs.out"
  background osd ceph-osd -i "$osd_id" -f --keyring osd/keyring
  wait_for 30 osd_up
  background radosgw radosgw -n client.rgw -f
  wait_for 60 answers
  timeout 60 radosgw-admin -n client.admin user create --uid=hedgerow --display-name=Hedgerow --access-key=$access_key --secret-key=$secret_key >user.json 2>user.err ||
    fail "the user could not be made: see $home/user.err"
  echo "s3: on http://127.0.0.1:$port"
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  *) echo "usage: $0 start|stop" >&2; exit 2 ;;
esac
