using System.Runtime.InteropServices;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>Forbids a system call to the calling thread and those it starts, as a container's seccomp profile does: the call fails with EPERM.</summary>
internal static unsafe partial class ForbiddenCalls
{
    public static void Forbid(uint call)
    {
        const int NoNewPrivileges = 38;
        const int Seccomp = 22;
        const int FilterMode = 2;
        const uint Permitted = 0x7FFF0000;
        const uint FailsWithEperm = 0x00050001;
        var instructions = stackalloc ulong[]
        {
            Instruction(0x20, 0, 0, 0), // load the number of the call
            Instruction(0x15, 0, 1, call), // another one: skip the next
            Instruction(0x06, 0, 0, FailsWithEperm),
            Instruction(0x06, 0, 0, Permitted),
        };
        var program = new FilterProgram { Length = 4, Instructions = instructions };
        Assert.Equal(0, ProcessControl(NoNewPrivileges, 1, 0, 0, 0));
        Assert.Equal(0, ProcessControl(Seccomp, FilterMode, (nint)(&program), 0, 0));
    }

    private static ulong Instruction(ushort code, byte jumpTrue, byte jumpFalse, uint value) =>
        code | ((ulong)jumpTrue << 16) | ((ulong)jumpFalse << 24) | ((ulong)value << 32);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nint second, nint third, nint fourth, nint fifth);

    private struct FilterProgram
    {
        public ushort Length;
        public ulong* Instructions;
    }
}
