# find_package(ringside): ringside::c is libringside, the C ABI, with its header. It needs nothing
# else: what it is made of is inside, or linked by it.
#
# find_package(ringside COMPONENTS cxx): also ringside::producer, the C++ producer API
# ("producer_shim/producer.hpp"), as static libraries for C++20. They need what they are built from.
include(${CMAKE_CURRENT_LIST_DIR}/ringside_c.cmake)
set(ringside_c_FOUND TRUE)

if("cxx" IN_LIST ringside_FIND_COMPONENTS)
  include(CMakeFindDependencyMacro)
  # Boost's headers alone.
  find_dependency(Boost 1.74)
  find_dependency(FlatBuffers)
  find_dependency(Threads)
  find_dependency(tl-expected)
  include(${CMAKE_CURRENT_LIST_DIR}/ringside_cxx.cmake)
  set(ringside_cxx_FOUND TRUE)
endif()

foreach(component ${ringside_FIND_COMPONENTS})
  if(ringside_FIND_REQUIRED_${component} AND NOT ringside_${component}_FOUND)
    set(ringside_FOUND FALSE)
    set(ringside_NOT_FOUND_MESSAGE "ringside has no component ${component}; it has c and cxx")
  endif()
endforeach()
