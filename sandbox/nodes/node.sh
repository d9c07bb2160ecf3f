#!/bin/sh
# Turns this process into a node of the sandbox. It has its own network, mount, PID, IPC and UTS namespaces
# already (nodes.ts) and is process 1 of the node: when it dies, the kernel kills every pod, as when a
# machine loses power.
#
# Environment: NODE_NAME, NODE_IP, NODE_DIR (its disk), CGROUP (its cgroup, relative), CGROUP2 (the
# same as a directory of the cgroup2 hierarchy), COMPILED (what clang.sh keeps), API_ADDRESS, API_NAME, KUBELET, PATH with
# containerd; where kube-proxy runs, KUBE_PROXY_DIR with it and KUBE_PROXY_ROOT, a root file system with iptables.
set -eu
hostname "$NODE_NAME"
cgroups=/sys/fs/cgroup

# A new network namespace needs a new sysfs, or /sys/class/net shows the host's interfaces. The cgroup
# hierarchies below it are carried over.
mkdir -p "$NODE_DIR/cgroups"
mount --rbind $cgroups "$NODE_DIR/cgroups"
mount -t sysfs sysfs /sys
mount --rbind "$NODE_DIR/cgroups" $cgroups
umount -R "$NODE_DIR/cgroups"

# Pinned BPF maps are per node.
mount -t bpf bpf /sys/fs/bpf

# What nodes write outside of their data directories (hosts, CNI plugins, logs, mount points) stays in a
# layer of their own: the host's directories are not touched.
for dir in etc opt usr var; do
    mkdir -p "$NODE_DIR/overlay/$dir" "$NODE_DIR/overlay/.work-$dir"
    mount -t overlay overlay \
        -o "lowerdir=/$dir,upperdir=$NODE_DIR/overlay/$dir,workdir=$NODE_DIR/overlay/.work-$dir" "/$dir"
done
# As in kind, the API server is known by the control plane's name; here it runs on the host.
{
    echo "127.0.0.1 localhost"
    echo "$API_ADDRESS $API_NAME"
    [ "$NODE_NAME" = "$API_NAME" ] || echo "$NODE_IP $NODE_NAME"
} > /etc/hosts
# A file of its own in either case: the host's may be a link into /run.
rm -f /etc/resolv.conf
echo 'nameserver 127.0.0.1' > /etc/resolv.conf
rm -rf /etc/cni /opt/cni

mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/cilium/cgroupv2 /run/cilium/ccache
# Cilium attaches its socket load balancer here. The root of the hierarchy would serve all nodes at once.
mount --bind "$CGROUP2" /run/cilium/cgroupv2
mount --bind "$COMPILED" /run/cilium/ccache

# Overlay file systems cannot stack their writable part on another: these need the real disk.
for dir in containerd kubelet; do
    mkdir -p "/var/lib/$dir" "$NODE_DIR/$dir"
    mount --bind "$NODE_DIR/$dir" "/var/lib/$dir"
done
mount --make-rshared /

# cgroup v1 hierarchies, where the machine has them: each level needs CPUs and memory nodes before use.
for hierarchy in "$cgroups"/*/; do
    [ -e "$hierarchy/tasks" ] || continue
    path=$hierarchy
    for part in $(echo "$CGROUP" | tr / ' '); do
        mkdir -p "$path/$part"
        for file in cpuset.cpus cpuset.mems; do
            [ ! -e "$path/$file" ] || cat "$path/$file" > "$path/$part/$file"
        done
        path=$path/$part
    done
done

if [ "${KUBE_PROXY_DIR:-}" ]; then
    for dir in proc sys dev; do mount --rbind "/$dir" "$KUBE_PROXY_ROOT/$dir"; done
    mount --bind "$KUBE_PROXY_DIR" "$KUBE_PROXY_ROOT/mnt"
    while :; do
        chroot "$KUBE_PROXY_ROOT" /mnt/kube-proxy --config=/mnt/config.json --v=1 || sleep 0.5
    done &
fi

# As systemd would: restarted when they end. The kubelet ends at once while containerd is not ready.
while :; do
    containerd --log-level warn -c "$NODE_DIR/containerd.toml" || sleep 1
done &
while :; do
    "$KUBELET" --config="$NODE_DIR/kubelet.json" --kubeconfig="$NODE_DIR/kubeconfig" \
        --hostname-override="$NODE_NAME" --node-ip="$NODE_IP" --v=1 || sleep 0.5
done
