# What others find ringside by: a package for CMake with libringside (C) and, as the component `cxx`,
# the C++ producer API; a file for pkg-config. Each program installs itself.
#
# ringside_installed builds all that `cmake --install` copies, without tests and benches: what ./run.sh
# builds.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/ringside)

set_target_properties(ringside_c PROPERTIES EXPORT_NAME c)
install(TARGETS ringside_c EXPORT ringside_c
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/producer_shim/c/ringside.h ${PROJECT_SOURCE_DIR}/producer_shim/c/ringside_points.h
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(cxx_targets isal ringside_options ringside_schemas ringside_event_json ringside_bus ringside_producer)
foreach(target ${cxx_targets})
  string(REPLACE ringside_ "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
endforeach()
install(TARGETS ${cxx_targets} EXPORT ringside_cxx
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS DESTINATION ${RINGSIDE_INCLUDEDIR})

set(programs ringside ringside-dashboard ringside-feed ringside-knn)
add_custom_target(ringside_installed)
add_dependencies(ringside_installed ${programs} ringside_c ${cxx_targets})
if(TARGET ringside_web)
  add_dependencies(ringside_installed ringside_web)
endif()

foreach(language c cxx)
  install(EXPORT ringside_${language} NAMESPACE ringside:: DESTINATION ${package_folder})
endforeach()
write_basic_package_version_file(ringsideConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/ringsideConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/ringsideConfigVersion.cmake DESTINATION ${package_folder})

# Relative to the file itself, so that the tree can be moved, unless a folder was named in full.
file(RELATIVE_PATH RINGSIDE_PC_PREFIX
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" RINGSIDE_PC_PREFIX "${RINGSIDE_PC_PREFIX}")
foreach(folder LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
    set(RINGSIDE_PC_${folder} "${CMAKE_INSTALL_${folder}}")
  else()
    set(RINGSIDE_PC_${folder} "\${prefix}/${CMAKE_INSTALL_${folder}}")
  endif()
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/ringside.pc.in ringside.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ringside.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
