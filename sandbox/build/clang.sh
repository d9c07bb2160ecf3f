#!/bin/sh
# clang of Cilium's agents in the sandbox. Each agent compiles its datapath whenever it starts, so what was compiled is kept, for
# all nodes and clusters of the machine, in a directory that node.sh mounts. Without that directory it is plain clang.
clang=/usr/bin/clang-19
export CCACHE_DIR=/var/run/cilium/ccache
export CCACHE_MAXSIZE=500M
# Cilium writes its headers right before it compiles; their content counts, not their age.
export CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime
# ccache does not keep what goes to the standard output, where Cilium wants it.
case "$*" in
*" -o -") [ -d "$CCACHE_DIR" ] || exec $clang "$@" ;;
*) exec $clang "$@" ;;
esac
output=$(mktemp --suffix=.o) || exit
trap 'rm -f "$output"' EXIT
left=$#
for argument; do
    [ "$left" -gt 1 ] || argument=$output
    set -- "$@" "$argument"
    shift
    left=$((left - 1))
done
ccache $clang "$@" && cat "$output"
