#!/bin/sh
# autogen.sh - make configure from configure.ac and the makefiles' parts.
set -e
cd "$(dirname "$0")"
exec autoreconf -fi
