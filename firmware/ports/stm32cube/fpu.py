"""Tells compiler, assembler and linker of the floating point unit: ST's framework gives -mcpu
alone, and objects of two float ABIs do not link. platformio.ini: custom_fpu_flags = ..."""

Import("env")  # noqa: F821 - PlatformIO's SCons defines it

flags = env.GetProjectOption("custom_fpu_flags").split()  # noqa: F821
env.Append(ASFLAGS=flags, CCFLAGS=flags, LINKFLAGS=flags)  # noqa: F821
