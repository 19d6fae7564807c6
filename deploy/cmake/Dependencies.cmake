# The libraries the program is built from, as targets:
#   Asio::Asio  Llhttp::Llhttp  spdlog::spdlog  CLI11::CLI11  tomlplusplus::tomlplusplus
#   nlohmann_json::nlohmann_json  Threads::Threads
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Asio 1.22 REQUIRED)
find_package(spdlog CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(tomlplusplus CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
# Of prefork::session, for applications; the program itself does without.
find_package(OpenSSL QUIET)

# Releases before 9.2.1 accept forms of request smuggling (CVE-2024-27982, CVE-2023-30589), so an
# older one is no way out.
set(PREFORK_LLHTTP_MINIMUM 9.2.1)
find_package(Llhttp ${PREFORK_LLHTTP_MINIMUM} QUIET)
if(Llhttp_FOUND)
  message(STATUS "llhttp ${Llhttp_VERSION}: ${Llhttp_LIBRARY}")
else()
  include(FetchLlhttp)
  message(STATUS "llhttp ${PREFORK_LLHTTP_FETCHED}: built from the upstream release "
                 "(none of ${PREFORK_LLHTTP_MINIMUM} or newer is installed)")
endif()
