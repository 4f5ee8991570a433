# find_package(lorikeet [COMPONENTS static]) makes lorikeet::lorikeet: the shared library, or the
# static one where that component is asked for. Both also have names: lorikeet::shared and ::static.
include(${CMAKE_CURRENT_LIST_DIR}/lorikeet-targets.cmake)
set(lorikeet_LINK shared)
foreach(component IN LISTS lorikeet_FIND_COMPONENTS)
    if(TARGET lorikeet::${component})
        set(lorikeet_LINK ${component})
        set(lorikeet_${component}_FOUND TRUE)
    elseif(lorikeet_FIND_REQUIRED_${component})
        set(lorikeet_FOUND FALSE)
        set(lorikeet_NOT_FOUND_MESSAGE "the components of lorikeet are shared and static")
    endif()
endforeach()
if(NOT TARGET lorikeet::lorikeet)
    add_library(lorikeet::lorikeet INTERFACE IMPORTED)
    set_target_properties(lorikeet::lorikeet PROPERTIES
                          INTERFACE_LINK_LIBRARIES lorikeet::${lorikeet_LINK})
endif()
