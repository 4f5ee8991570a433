# find_package(lorikeet [COMPONENTS static]) makes lorikeet::lorikeet, the engine, and
# lorikeet::rtc, DataChannels: the shared libraries, or the static ones where that component is
# asked for. Each has a name of its own, too: lorikeet::shared, ::static, ::rtc_shared and
# ::rtc_static.
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
if(NOT TARGET lorikeet::rtc AND TARGET lorikeet::rtc_${lorikeet_LINK})
    add_library(lorikeet::rtc INTERFACE IMPORTED)
    set_target_properties(lorikeet::rtc PROPERTIES
                          INTERFACE_LINK_LIBRARIES lorikeet::rtc_${lorikeet_LINK})
endif()
