# Libraries that Debian ships without a CMake package of their own.

# ISA-L: CRC32C by the best instructions of the machine, with a portable fall-back.
find_path(ISAL_INCLUDE_DIR isa-l/crc.h REQUIRED)
find_library(ISAL_LIBRARY isal REQUIRED)
add_library(isal INTERFACE)
target_include_directories(isal SYSTEM INTERFACE $<BUILD_INTERFACE:${ISAL_INCLUDE_DIR}>)
target_link_libraries(isal INTERFACE $<BUILD_INTERFACE:${ISAL_LIBRARY}> $<INSTALL_INTERFACE:-lisal>)

# llhttp, the HTTP parser of Node.js: Debian's node-llhttp carries it as C sources.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include/llhttp REQUIRED)
find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp REQUIRED)
add_library(llhttp STATIC ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c
                          ${LLHTTP_SOURCE_DIR}/llhttp.c)
target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})

# Standalone Asio, its implementation compiled once.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/asio_impl.cpp CONTENT "#include <asio/impl/src.hpp>\n")
add_library(asio STATIC ${PROJECT_BINARY_DIR}/asio_impl.cpp)
target_include_directories(asio SYSTEM PUBLIC ${ASIO_INCLUDE_DIR})
target_compile_definitions(asio PUBLIC ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED
                           # Else it depends on what was included first how frames are allocated.
                           ASIO_DISABLE_STD_ALIGNED_ALLOC
                           # Asio 1.22 does not see that clang 14 has coroutines.
                           $<$<CXX_COMPILER_ID:Clang>:ASIO_HAS_CO_AWAIT ASIO_HAS_STD_COROUTINE>)
target_link_libraries(asio PUBLIC Threads::Threads)
set_target_properties(asio llhttp PROPERTIES CXX_CLANG_TIDY "" C_CLANG_TIDY "")

# The compiler of schemas; FlatBuffers' runtime comes with a package.
find_program(FLATC flatc REQUIRED)

# RapidJSON: headers only. An empty stack of its adds to a null pointer.
find_path(RAPIDJSON_INCLUDE_DIR rapidjson/reader.h REQUIRED)
add_library(rapidjson INTERFACE)
target_include_directories(rapidjson SYSTEM INTERFACE ${RAPIDJSON_INCLUDE_DIR})
target_compile_options(rapidjson INTERFACE -fno-sanitize=pointer-overflow)
