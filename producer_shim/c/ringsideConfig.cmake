# find_package(ringside): ringside::c is libringside, the C ABI, with its header. It needs nothing
# else: what it is made of is inside, or linked by it.
include(${CMAKE_CURRENT_LIST_DIR}/ringsideTargets.cmake)
