using System.Runtime.InteropServices;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// Chooses, in the kernel, which socket of a SO_REUSEPORT group gets a datagram: the shard from a fixed hash of the source
/// address and port, and within the shard the media socket for ChannelData (first byte 64-127) or the control socket for the
/// rest. So a client's datagrams always reach the shard that owns its allocation, whatever the device's own hash says, and media
/// that fills its socket leaves room for control messages.
/// <para>Sockets must have been bound in this order: control of shard 0 to n-1, then media of shard 0 to n-1.</para>
/// </summary>
internal static unsafe class ReusePortFilter
{
    private const uint NetworkOffset = 0xFFF00000;
    private const uint Multiplier = 0x9E3779B1;

    private const ushort LoadWord = 0x20;
    private const ushort LoadHalf = 0x28;
    private const ushort LoadByte = 0x30;
    private const ushort XorX = 0xAC;
    private const ushort MultiplyK = 0x24;
    private const ushort ShiftRightK = 0x74;
    private const ushort ModuloK = 0x94;
    private const ushort AndK = 0x54;
    private const ushort AddX = 0x0C;
    private const ushort MoveToX = 0x07;
    private const ushort JumpEqual = 0x15;
    private const ushort ReturnA = 0x16;
    private const ushort StoreA = 0x02;
    private const ushort LoadMemoryX = 0x61;
    private const ushort LoadMemoryA = 0x60;
    private const ushort LoadImmediateX = 0x01;

    /// <summary>Attaches the filter to the group that the socket belongs to; false when the kernel refuses.</summary>
    public static bool TryAttach(int descriptor, bool v6, int shards)
    {
        var program = Build(v6, shards);
        fixed (Instruction* first = program)
        {
            var filter = new Program { Length = (ushort)program.Length, Instructions = first };
            return LibC.SetOption(descriptor, LibC.SolSocket, LibC.SoAttachReusePortCbpf, &filter, (uint)sizeof(Program)) == 0;
        }
    }

    private static Instruction[] Build(bool v6, int shards)
    {
        var program = new List<Instruction>();
        void Mix()
        {
            program.Add(new(MultiplyK, Multiplier));
            program.Add(new(StoreA, 0));
            program.Add(new(ShiftRightK, 15));
            program.Add(new(LoadMemoryX, 0));
            program.Add(new(XorX, 0));
        }

        void MixWord(ushort load, uint offset)
        {
            program.Add(new(MoveToX, 0));
            program.Add(new(load, NetworkOffset + offset));
            program.Add(new(XorX, 0));
            Mix();
        }

        // Source port, then the words of the source address. IPv4 options are not expected in front of the port: a datagram that
        // has them still gets the same shard each time.
        program.Add(new(LoadHalf, NetworkOffset + (v6 ? 40u : 20u)));
        Mix();
        for (uint at = v6 ? 8u : 12u; at < (v6 ? 24u : 16u); at += 4)
            MixWord(LoadWord, at);
        program.Add(new(ModuloK, (uint)shards));
        program.Add(new(StoreA, 1));
        program.Add(new(LoadByte, 0));
        program.Add(new(AndK, 0xC0));
        program.Add(new(LoadImmediateX, (uint)shards));
        program.Add(new(JumpEqual, 0x40) { JumpTrue = 1 });
        program.Add(new(LoadImmediateX, 0));
        program.Add(new(LoadMemoryA, 1));
        program.Add(new(AddX, 0));
        program.Add(new(ReturnA, 0));
        return [.. program];
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Instruction(ushort code, uint value)
    {
        public ushort Code = code;
        public byte JumpTrue;
        public byte JumpFalse;
        public uint Value = value;
    }

    private struct Program
    {
        public ushort Length;
        public Instruction* Instructions;
    }
}
