using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>Numbers and structures of io_uring (linux/io_uring.h) that the relay uses.</summary>
internal static class UringAbi
{
    public const long SetupCall = 425;
    public const long EnterCall = 426;
    public const long RegisterCall = 427;

    public const uint SetupCompletionSize = 1 << 3;
    public const uint SetupClamp = 1 << 4;
    public const uint SetupSubmitAll = 1 << 7;
    public const uint SetupCoopTaskRun = 1 << 8;
    public const uint SetupSingleIssuer = 1 << 12;
    public const uint SetupDeferTaskRun = 1 << 13;

    public const uint FeatureSingleMap = 1;

    public const long SubmissionRingOffset = 0;
    public const long SubmissionEntriesOffset = 0x10000000;

    public const uint EnterGetEvents = 1;
    public const uint EnterExtendedArgument = 8;
    public const uint EnterRegisteredRing = 16;

    public const uint RegisterRingDescriptors = 20;
    public const uint RegisterBufferRing = 22;

    public const byte OperationPollAdd = 6;
    public const byte OperationSendMessage = 9;
    public const byte OperationReceiveMessage = 10;
    public const byte OperationAsyncCancel = 14;
    public const byte OperationClose = 19;
    public const byte OperationSend = 26;

    public const byte EntryBufferSelect = 1 << 5;
    public const byte EntrySkipSuccess = 1 << 6;

    public const ushort ReceiveMultishot = 1 << 1;
    public const ushort ReceivePollFirst = 1 << 0;
    public const uint PollAddMulti = 1;

    /// <summary>Feature bit: a wait may be given a shortest time in which it collects completions.</summary>
    public const uint FeatureMinimumWait = 1 << 15;

    public const uint CompletionBuffer = 1;
    public const uint CompletionMore = 2;
}

/// <summary>struct io_uring_params: 120 bytes; only the offsets needed here are named.</summary>
[StructLayout(LayoutKind.Explicit, Size = 120)]
internal struct UringParameters
{
    [FieldOffset(0)] public uint SubmissionEntries;
    [FieldOffset(4)] public uint CompletionEntries;
    [FieldOffset(8)] public uint Flags;
    [FieldOffset(20)] public uint Features;
    [FieldOffset(40)] public uint SubmissionHead;
    [FieldOffset(44)] public uint SubmissionTail;
    [FieldOffset(48)] public uint SubmissionMask;
    [FieldOffset(64)] public uint SubmissionArray;
    [FieldOffset(80)] public uint CompletionHead;
    [FieldOffset(84)] public uint CompletionTail;
    [FieldOffset(88)] public uint CompletionMask;
    [FieldOffset(100)] public uint CompletionArray;
}

/// <summary>struct io_uring_sqe, 64 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct SubmissionEntry
{
    [FieldOffset(0)] public byte Operation;
    [FieldOffset(1)] public byte Flags;
    [FieldOffset(2)] public ushort Priority;
    [FieldOffset(4)] public int Descriptor;
    [FieldOffset(8)] public void* SecondAddress;
    [FieldOffset(16)] public void* Address;
    [FieldOffset(24)] public uint Length;
    [FieldOffset(28)] public uint OperationFlags;
    [FieldOffset(32)] public ulong UserData;
    [FieldOffset(40)] public ushort BufferGroup;
    [FieldOffset(44)] public ushort AddressLength;
}

/// <summary>struct io_uring_cqe, 16 bytes.</summary>
internal struct CompletionEntry
{
    public ulong UserData;
    public int Result;
    public uint Flags;
}

/// <summary>struct io_uring_getevents_arg.</summary>
internal unsafe struct UringWait
{
    public ulong Mask;
    public uint MaskSize;
    public uint MinimumWaitMicroseconds;
    public KernelTime* Timeout;
}

/// <summary>struct io_uring_buf; the ring's tail lies in the last two bytes of entry 0.</summary>
internal unsafe struct ProvidedBuffer
{
    public byte* Address;
    public uint Length;
    public ushort Id;
    public ushort Tail;
}

/// <summary>struct io_uring_buf_reg.</summary>
internal unsafe struct BufferRingRegistration
{
    public void* Ring;
    public uint Entries;
    public ushort Group;
    public ushort Flags;
    public ulong Reserved0;
    public ulong Reserved1;
    public ulong Reserved2;
}

/// <summary>struct io_uring_recvmsg_out, in front of each datagram of a multishot receive.</summary>
internal struct ReceiveHeader
{
    public const int Size = 16;

    public uint NameLength;
    public uint ControlLength;
    public uint PayloadLength;
    public uint Flags;
}

/// <summary>struct io_uring_rsrc_update.</summary>
internal struct RingUpdate
{
    public uint Offset;
    public uint Reserved;
    public ulong Data;
}
