using System.Buffers;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;

namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Reads single messages that storage keeps as XML elements without a document around them.</summary>
internal static class StoredMessage
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_buffer;

    [ThreadStatic]
    private static XmlOutput? t_scratch;

    public static SmaEvent? Event(ReadOnlySpan<byte> element) =>
        SmaReader.TryReadEvents(Wrap("<events xmlns=\"urn:mediarelay:sma:1\" gateway=\"x\" epoch=\"x\">"u8, element, "</events>"u8), out EventBatch batch, out _) && batch.Events.Count == 1
            ? batch.Events[0]
            : null;

    public static Instruction? Instruction(ReadOnlySpan<byte> element) =>
        SmaReader.TryReadInstructions(Wrap("<instructions xmlns=\"urn:mediarelay:sma:1\" gateway=\"x\" epoch=\"x\">"u8, element, "</instructions>"u8), out InstructionBatch batch, out _) && batch.Instructions.Count == 1
            ? batch.Instructions[0]
            : null;

    /// <summary>True when whoever gets the instruction can read it.</summary>
    public static bool IsReadable(Instruction instruction) => Instruction(Write(instruction with { Seq = Math.Max(1, instruction.Seq) })) is not null;

    /// <summary>The size of the instruction's element.</summary>
    public static int Octets(Instruction instruction) => Write(instruction).Length;

    private static ReadOnlySpan<byte> Write(Instruction instruction)
    {
        XmlOutput scratch = t_scratch ??= new XmlOutput();
        scratch.Clear();
        SmaWriter.WriteInstruction(scratch, instruction);
        return scratch.Written;
    }

    private static ReadOnlySpan<byte> Wrap(ReadOnlySpan<byte> head, ReadOnlySpan<byte> element, ReadOnlySpan<byte> tail)
    {
        ArrayBufferWriter<byte> buffer = t_buffer ??= new ArrayBufferWriter<byte>();
        buffer.ResetWrittenCount();
        buffer.Write(head);
        buffer.Write(element);
        buffer.Write(tail);
        return buffer.WrittenSpan;
    }
}
