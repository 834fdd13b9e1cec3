@echo off
rem Runs relay.jar, and builds it first if it is missing. The script "relay" does the same elsewhere; it also builds relay.jar
rem again when the sources are newer. Here, run "mvn -DskipTests -pl relay-cli -am package" after a change.
rem
rem   JAVA_HOME        the Java to use; otherwise the java on the PATH
rem   RELAY_JAVA_OPTS  more options for the JVM, after the ones below (the last one wins)
setlocal DisableDelayedExpansion

set "root=%~dp0"
set "jar=%root%relay-cli\target\relay.jar"

set "java=java"
if not defined JAVA_HOME goto find_java
set "java=%JAVA_HOME%\bin\java.exe"
if exist "%java%" goto find_jar
echo relay: JAVA_HOME is %JAVA_HOME%, but there is no bin\java.exe in it>&2
exit /b 1

:find_java
where /q java
if not errorlevel 1 goto find_jar
echo relay: no java found: install Java 17 or newer, or set JAVA_HOME>&2
exit /b 1

:find_jar
if exist "%jar%" goto run
set "mvn=mvn"
where /q mvn
if errorlevel 1 set "mvn=%root%mvnw.cmd"

echo relay: building %jar%>&2
call "%mvn%" -q -B -ntp -f "%root%pom.xml" -DskipTests -pl relay-cli -am package 1>&2
if errorlevel 1 goto build_failed
if exist "%jar%" goto run
echo relay: the build succeeded without producing %jar%>&2
exit /b 1

:build_failed
echo relay: the build failed, see above>&2
exit /b 1

:run
rem For the options see the script "relay".
"%java%" -XX:+UseSerialGC -Xms16m -XX:MaxNewSize=5m -Xshare:auto %RELAY_JAVA_OPTS% -jar "%jar%" %*
exit /b %errorlevel%
