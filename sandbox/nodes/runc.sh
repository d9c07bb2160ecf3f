#!/bin/sh
# runc, on a machine that does not let even root have CAP_SYS_RESOURCE (some virtual machines): runc would
# refuse a container that asks for it, as Cilium's does, though on kernels since 5.11 nothing needs it.
drop() {
    sed -i 's/,"CAP_SYS_RESOURCE"//g; s/"CAP_SYS_RESOURCE",\{0,1\}//g' "$1"
}
previous=
for argument; do
    case $previous in
    --bundle) drop "$argument/config.json" ;; # create
    --process) drop "$argument" ;; # exec
    esac
    previous=$argument
done
exec runc "$@"
