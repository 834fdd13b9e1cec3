# shellcheck shell=bash disable=SC2034,SC2154 # variables of run
# The variants of ./run, which sources this file: each start_... starts the two programs of one, and sets its server, forwarder and port.

splice() { # NAME PORT: one hop to that port
    start "$1" "$java" -XX:+UseSerialGC -cp "$work/classes" org.relay4j.benchmarks.splice.Splice 0 127.0.0.1 "$2"
}

start_direct() { port[direct]=$backend_port; }

start_splice2() {
    splice splice2-forwarder "$backend_port"
    forwarder[splice2]=$pid
    local hop
    hop=$(said splice2-forwarder 'listening on .*:([0-9]+)')
    splice splice2-server "$hop"
    server[splice2]=$pid
    port[splice2]=$(said splice2-server 'listening on .*:([0-9]+)')
}

start_go() {
    start go-server "$work/bin/relayserver"
    server[go]=$pid
    local control
    control=$(said go-server 'listening on ([0-9]+)')
    connects "$control"
    start go-forwarder "$work/bin/forwarder" "127.0.0.1:$control" "127.0.0.1:$backend_port"
    forwarder[go]=$pid
    port[go]=$(said go-forwarder 'public port ([0-9]+)')
}

start_relay() { # NAME JAVA JAR: with TLS if the name has -tls, with two connections if it ends with -two; JAVA may be a package's launcher
    local control program server_options=("${relay_server_options[@]}") forwarder_options=()
    if [[ $2 == */relay ]]; then
        program=("$2")
    else
        [ -f "$3" ] || die "there is no $3: build it with ./relay --version, or give --jar"
        read -ra program <<<"$(launcher_options)"
        [ ${#program[@]} != 0 ] || die "cannot read the JVM's options from the launcher"
        program=("$2" "${program[@]}" -jar "$3")
    fi
    control=$(free_port)
    if [[ $1 == *-two ]]; then
        server_options+=(--extended)
        forwarder_options+=(--connections=2)
    fi
    if [[ $1 == *-tls* ]]; then
        local fingerprint
        mkdir "$work/$1"
        fingerprint=$("${program[@]}" keygen --out="$work/$1" 2>/dev/null) || die "relay keygen failed"
        server_options+=(--tls-cert="$work/$1/relay-cert.pem" --tls-key="$work/$1/relay-key.pem")
        forwarder_options+=(--tls-pin="$fingerprint")
    fi
    start "$1-server" "${program[@]}" "${server_options[@]}" "$control"
    server[$1]=$pid
    connects "$control"
    start "$1-forwarder" "${program[@]}" "${forwarder_options[@]}" --localForwardPort="$backend_port" 127.0.0.1 "$control"
    forwarder[$1]=$pid
    port[$1]=$(said "$1-forwarder" 'relaying .*:([0-9]+) -> .*')
}

# One server, and one process with that many tunnels; ${port[NAME]} has all their ports.
start_tunnels() { # NAME COUNT
    local options control relay_java=${also_java[$1]:-$java} relay_jar=${also_jar[$1]:-$jar}
    options=$(launcher_options)
    control=$(free_port)
    # shellcheck disable=SC2086
    start "$1-server" "$relay_java" $options -jar "$relay_jar" --max-tunnels="$2" --max-tunnels-per-address="$2" "$control"
    server[$1]=$pid
    connects "$control"
    # shellcheck disable=SC2086
    start "$1-forwarder" "$relay_java" $options -cp "$relay_jar:$work/classes" org.relay4j.benchmarks.Tunnels "$control" "$backend_port" "$2"
    forwarder[$1]=$pid
    port[$1]=$(said "$1-forwarder" 'relaying ([0-9,]+)')
}

# One server and forwarder for these four: by host name, and by a port that gets the same bytes.
start_by_name() {
    local options control tls plain client=$work/names
    [ -z "${port[https]:-}" ] || return 0
    options=$(launcher_options)
    control=$(free_port) tls=$(free_port) plain=$(free_port)
    mkdir "$client"
    "$java" -jar "$jar" keygen --client=bench --out="$client" >"$client/clients.toml" 2>"$client/keygen.log" || die "relay keygen failed"
    printf 'hosts = ["app.example.com"]\nports = ["20000-29999"]\n' >>"$client/clients.toml"
    # shellcheck disable=SC2086
    start names-server "$java" $options -jar "$jar" --extended --clients="$client/clients.toml" --https-port="$tls" \
        --http-port="$plain" "$control"
    local server_pid=$pid public
    connects "$control"
    public=$(free_port)
    # shellcheck disable=SC2086
    start names-forwarder "$java" $options -jar "$jar" --name=bench --key-file="$client/bench.key" \
        --forward "port=$backend_port,port=$public" --forward "name=$backend_port,host=app.example.com" 127.0.0.1 "$control"
    said names-forwarder 'relaying (app\.example\.com).* -> .*' >/dev/null
    said names-forwarder 'relaying .*:([0-9]+) -> .*\(port\)' >/dev/null
    local name
    for name in https port-https http port-http; do
        server[$name]=$server_pid
        forwarder[$name]=$pid
        opening[$name]="--opening ${name#port-}:app.example.com"
        port[$name]=$public
    done
    port[https]=$tls
    port[http]=$plain
}

# Two nodes of a cluster and a tunnel at the first one. Visitors come to that node, or to the other, which passes them on.
start_cluster() { # NAME: node or hop; both are of one cluster. With -tls, the tunnel has TLS; links between nodes always have.
    local kind=${1#node} options folder store control peer public tls=() pin=()
    kind=${kind#hop}
    [ -z "${port[node$kind]:-}" ] || return 0
    need etcd
    options=$(launcher_options)
    folder=$work/cluster$kind
    mkdir "$folder"
    "$java" -jar "$jar" keygen --node=node,entry --out="$folder" >"$folder/keygen.log" 2>&1 || die "relay keygen failed"
    store=http://127.0.0.1:$(free_port) peer=http://127.0.0.1:$(free_port)
    start "cluster$kind-etcd" etcd --data-dir="$folder/etcd" --listen-client-urls="$store" --advertise-client-urls="$store" \
        --listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" --initial-cluster="default=$peer"
    connects "${store##*:}"
    if [ -n "$kind" ]; then
        local fingerprint
        fingerprint=$("$java" -jar "$jar" keygen --out="$folder" 2>/dev/null) || die "relay keygen failed"
        tls=(--tls-cert="$folder/relay-cert.pem" --tls-key="$folder/relay-key.pem")
        pin=(--tls-pin="$fingerprint")
    fi
    control=$(free_port) peer=$(free_port) public=$(free_port)
    start_node node server 127.0.1.1
    server[node$kind]=$pid server[hop$kind]=$pid
    start_node entry entry 127.0.1.2
    entry[hop$kind]=$pid
    # shellcheck disable=SC2086
    start "cluster$kind-forwarder" "$java" $options -jar "$jar" "${pin[@]}" --localForwardPort="$backend_port" 127.0.1.1 "$control"
    forwarder[node$kind]=$pid forwarder[hop$kind]=$pid
    said "cluster$kind-forwarder" 'relaying .*:([0-9]+) -> .*' >/dev/null
    host[node$kind]=127.0.1.1 host[hop$kind]=127.0.1.2
    port[node$kind]=$public port[hop$kind]=$public
    connects "$public" 127.0.1.2
}

# With the variables of start_cluster.
start_node() { # NODE PROCESS ADDRESS
    # shellcheck disable=SC2086
    start "cluster$kind-$2" "$java" $options -jar "$jar" --bind="$3" --public-bind="$3" --public-ports="$public" --cluster="etcd:$store" \
        --node="$1" --peer="$3:$peer" --peer-cert="$folder/$1.pem" --peer-key="$folder/$1.key" --peer-ca="$folder/ca.pem" \
        "${tls[@]}" "$control"
    said "cluster$kind-$2" 'listening on .*:([0-9]+)' >/dev/null
}

start_relay_udp() {
    local options control folder=$work/relay-udp
    options=$(launcher_options)
    control=$(free_port)
    mkdir "$folder"
    "$java" -jar "$jar" keygen --client=bench --out="$folder" >"$folder/clients.toml" 2>"$folder/keygen.log" || die "relay keygen failed"
    echo 'udp-ports = ["20000-29999"]' >>"$folder/clients.toml"
    # shellcheck disable=SC2086
    start relay-udp-server "$java" $options -jar "$jar" --extended --clients="$folder/clients.toml" "$control"
    server[relay-udp]=$pid
    connects "$control"
    # shellcheck disable=SC2086
    start relay-udp-forwarder "$java" $options -jar "$jar" --name=bench --key-file="$folder/bench.key" \
        --forward "udp:$backend_port,port=$(free_port)" 127.0.0.1 "$control"
    forwarder[relay-udp]=$pid
    port[relay-udp]=$(said relay-udp-forwarder 'relaying .*:([0-9]+) -> .*')
}

# ssh -R with the default settings of the OpenSSH of this machine, and with keys made for this run.
start_ssh() {
    local sshd control user listener child
    need ssh
    sshd=$(command -v sshd || command -v /usr/sbin/sshd) || die "sshd is needed"
    control=$(free_port)
    user=$(id -un)
    [ "$(id -u)" != 0 ] || mkdir -p /run/sshd # sshd does not start without it
    ssh-keygen -q -t ed25519 -N "" -f "$work/host-key"
    ssh-keygen -q -t ed25519 -N "" -f "$work/user-key"
    start ssh-server "$sshd" -D -e -f /dev/null -p "$control" -h "$work/host-key" -o ListenAddress=127.0.0.1 -o UsePAM=no \
        -o StrictModes=no -o PermitRootLogin=yes -o AuthorizedKeysFile="$work/user-key.pub" -o PidFile=none
    listener=$pid
    connects "$control"
    start ssh-forwarder bash -c 'exec "$@" 2>&1' - ssh -N -F /dev/null -p "$control" -i "$work/user-key" -o IdentitiesOnly=yes -o BatchMode=yes \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -R "127.0.0.1:0:127.0.0.1:$backend_port" "$user@127.0.0.1"
    forwarder[ssh]=$pid
    port[ssh]=$(said ssh-forwarder 'Allocated port ([0-9]+) for .*')
    server[ssh]=$listener
    while child=$(pgrep -n -P "${server[ssh]}"); do server[ssh]=$child; done # the process that serves this connection
}

start_rathole() { # NAME: with TLS if it has -tls, for which rathole wants the key in a PKCS#12 file; UDP if it has -udp
    local control public type=tcp folder=$work/$1 server_tls="" client_tls=""
    peer rathole
    control=$(free_port)
    public=$(free_port)
    mkdir "$folder"
    [[ $1 != *-udp ]] || type=udp
    if [[ $1 == *-tls ]]; then
        need openssl
        "$java" -jar "$jar" keygen --host=localhost --out="$folder" >/dev/null 2>&1 || die "relay keygen failed"
        openssl pkcs12 -export -in "$folder/relay-cert.pem" -inkey "$folder/relay-key.pem" -passout pass:relay -out "$folder/identity.pfx"
        server_tls=$(printf '[server.transport]\ntype = "tls"\n[server.transport.tls]\npkcs12 = "%s"\npkcs12_password = "relay"' "$folder/identity.pfx")
        client_tls=$(printf '[client.transport]\ntype = "tls"\n[client.transport.tls]\ntrusted_root = "%s"\nhostname = "localhost"' "$folder/relay-cert.pem")
    fi
    cat >"$folder/server.toml" <<EOF
[server]
bind_addr = "127.0.0.1:$control"
default_token = "relay"
$server_tls
[server.services.backend]
type = "$type"
bind_addr = "127.0.0.1:$public"
EOF
    cat >"$folder/client.toml" <<EOF
[client]
remote_addr = "127.0.0.1:$control"
default_token = "relay"
$client_tls
[client.services.backend]
type = "$type"
local_addr = "127.0.0.1:$backend_port"
EOF
    start "$1-server" rathole --server "$folder/server.toml"
    server[$1]=$pid
    connects "$control"
    start "$1-forwarder" rathole --client "$folder/client.toml"
    forwarder[$1]=$pid
    port[$1]=$public
    said "$1-forwarder" '.*(Control channel established).*' >/dev/null
}

# bore's control port cannot be chosen.
start_bore() {
    local public
    peer bore
    ! listens 7835 || die "port 7835, which bore needs, is in use: end the program that listens there"
    public=$(free_port)
    start bore-server bore server --bind-addr 127.0.0.1 --min-port 20000 --max-port 29999
    server[bore]=$pid
    connects 7835
    start bore-forwarder bore local "$backend_port" --local-host 127.0.0.1 --to 127.0.0.1 --port "$public"
    forwarder[bore]=$pid
    port[bore]=$public
    connects "$public"
}

start_frp() { # NAME: with TLS as by frp's default, which does not verify the certificate, if it has -tls; UDP if it has -udp
    local control public type=tcp tls=false folder=$work/$1
    peer frps
    peer frpc
    control=$(free_port)
    public=$(free_port)
    mkdir "$folder"
    [[ $1 != *-udp ]] || type=udp
    [[ $1 != *-tls ]] || tls=true
    cat >"$folder/frps.toml" <<EOF
bindAddr = "127.0.0.1"
bindPort = $control
proxyBindAddr = "127.0.0.1"
auth.token = "relay"
EOF
    cat >"$folder/frpc.toml" <<EOF
serverAddr = "127.0.0.1"
serverPort = $control
auth.token = "relay"
transport.tls.enable = $tls
[[proxies]]
name = "backend"
type = "$type"
localIP = "127.0.0.1"
localPort = $backend_port
remotePort = $public
EOF
    start "$1-server" frps -c "$folder/frps.toml"
    server[$1]=$pid
    connects "$control"
    start "$1-forwarder" frpc -c "$folder/frpc.toml"
    forwarder[$1]=$pid
    port[$1]=$public
    said "$1-forwarder" '.*(start proxy success).*' >/dev/null
}

# chisel always encrypts, by ssh inside a WebSocket.
start_chisel() {
    local control public
    peer chisel
    control=$(free_port)
    public=$(free_port)
    start chisel-server chisel server --host 127.0.0.1 --port "$control" --reverse
    server[chisel]=$pid
    connects "$control"
    start chisel-forwarder chisel client "http://127.0.0.1:$control" "R:127.0.0.1:$public:127.0.0.1:$backend_port"
    forwarder[chisel]=$pid
    port[chisel]=$public
    connects "$public"
}

start_variant() {
    case $1 in
        direct | splice2 | go | ssh | bore | chisel) "start_$1" ;;
        rathole | rathole-tls | rathole-udp) start_rathole "$1" ;;
        frp | frp-tls | frp-udp) start_frp "$1" ;;
        https | port-https | http | port-http) start_by_name ;;
        relay-udp) start_relay_udp ;;
        node | hop | node-tls | hop-tls) start_cluster "$1" ;;
        relay) start_relay relay "$java" "$jar" ;;
        relay-two | relay-tls | relay-tls-two) start_relay "$1" "$java" "$jar" ;;
        *)
            [ -n "${also_java[$1]:-}" ] || die "no variant $1"
            start_relay "$1" "${also_java[$1]}" "${also_jar[$1]:-$jar}"
            ;;
    esac
}
