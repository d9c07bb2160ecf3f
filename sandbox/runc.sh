#!/bin/sh
# runc, on a machine that does not let even root have CAP_SYS_RESOURCE (some virtual machines): runc would
# refuse a container that asks for it, as Cilium's does, though on kernels since 5.11 nothing needs it.
for argument; do
    case ${previous-} in
    --bundle | -b) sed -i 's/,"CAP_SYS_RESOURCE"//g; s/"CAP_SYS_RESOURCE",\{0,1\}//g' "$argument/config.json" ;;
    esac
    previous=$argument
done
exec runc "$@"
