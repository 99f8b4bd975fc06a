# Writes which commit a build was made from, for bench/compare.
#
#   cmake -DSOURCE=... -DBUILD_TYPE=... -DOUTPUT=... -P record_build.cmake
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit unknown)
endif()
file(WRITE ${OUTPUT} "{\"contract\":1,\"commit\":\"${commit}\",\"build_type\":\"${BUILD_TYPE}\"}\n")
