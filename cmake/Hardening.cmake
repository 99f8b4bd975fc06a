# What the compiler and the linker can do against a fault that is exploited: canaries on the stack, checked
# calls of the C library, no jump into the middle of a function, programs at addresses that nobody knows
# beforehand, and tables that are read-only once a program is loaded. tests/package checks that each
# program and the library have it.
#
# Sanitizers and _FORTIFY_SOURCE check the same calls and disagree, so only the presets whose programs
# people run ask for this.
include(CheckCXXCompilerFlag)

add_compile_options(-fstack-protector-strong -fstack-clash-protection)
# Not every processor has it.
check_cxx_compiler_flag(-fcf-protection RINGSIDE_HAS_CF_PROTECTION)
if(RINGSIDE_HAS_CF_PROTECTION)
  add_compile_options(-fcf-protection)
endif()
# Some distributions' compilers have a level of their own.
add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
# In the flags that come first: -fPIC, where a library needs it, comes later and wins.
string(APPEND CMAKE_C_FLAGS " -fPIE")
string(APPEND CMAKE_CXX_FLAGS " -fPIE")
string(APPEND CMAKE_EXE_LINKER_FLAGS " -pie")
add_link_options(LINKER:-z,relro,-z,now)
