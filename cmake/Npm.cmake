# The packages of a folder, as its lock file says, installed when that changes.
#
#   ringside_npm(TARGET FOLDER)
find_program(NPM npm REQUIRED)
find_program(NODE NAMES node nodejs REQUIRED)

function(ringside_npm target folder)
  add_custom_command(
    OUTPUT ${folder}/node_modules/.ringside-stamp
    COMMAND ${NPM} ci --no-audit --no-fund --no-update-notifier --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${folder}/node_modules/.ringside-stamp
    DEPENDS ${folder}/package.json ${folder}/package-lock.json
    WORKING_DIRECTORY ${folder} COMMENT "Installing the npm packages of ${target}" VERBATIM)
  add_custom_target(${target} ALL DEPENDS ${folder}/node_modules/.ringside-stamp)
endfunction()
