using MediaRelay.Qos.Cops;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests.Cops;

/// <summary>One row per fault of a frame, with the COPS error that goes into the Client-Close.</summary>
public sealed class BrokenFrameTests
{
    [Theory]
    [InlineData("2003800a00000008", CopsErrorCode.BadMessageFormat, 0)] // version 2
    [InlineData("1000800a00000008", CopsErrorCode.BadMessageFormat, 0)] // operation 0
    [InlineData("100b800a00000008", CopsErrorCode.BadMessageFormat, 0)] // operation 11
    [InlineData("1002800a00000004", CopsErrorCode.BadMessageFormat, 0)] // length below the header
    [InlineData("1002800a0000000a0000", CopsErrorCode.BadMessageFormat, 0)] // length not a multiple of four
    [InlineData("1002800a00010004", CopsErrorCode.BadMessageFormat, 0)] // length beyond 65536
    [InlineData("1002800affffffff", CopsErrorCode.BadMessageFormat, 0)] // length that is negative as a signed number
    [InlineData("1002800800000008", CopsErrorCode.UnsupportedClientType, 0)] // DQoS, not multimedia
    [InlineData("1009800a00000008", CopsErrorCode.UnsupportedClientType, 0)] // keep-alive has client type 0
    [InlineData("1001800a0000000c00000101", CopsErrorCode.BadMessageFormat, 0)] // object of length 0 does not loop
    [InlineData("1001800a0000000c00030101", CopsErrorCode.BadMessageFormat, 0)] // object shorter than its header
    [InlineData("1001800a0000000c00080101", CopsErrorCode.BadMessageFormat, 0)] // object beyond the message
    [InlineData("1001800a0000000cffff0101", CopsErrorCode.BadMessageFormat, 0)] // rounding up must not wrap
    [InlineData("1001800a00000010000401010004020100", CopsErrorCode.BadMessageFormat, 0)] // bytes and length disagree
    [InlineData("1001800a00000018000802010008000000080101000012340000", CopsErrorCode.BadMessageFormat, 0)]
    [InlineData("1001800a0000001800080201000800000008010100001234", CopsErrorCode.BadMessageFormat, 0)] // context before handle
    [InlineData("1001800a000000180008010100001234000c020100080000", CopsErrorCode.BadMessageFormat, 0)] // context of the wrong size, beyond the end
    [InlineData("1001800a0000001c0008010100001234000c02010008000000000000", CopsErrorCode.BadMessageFormat, 0)] // context of the wrong size
    [InlineData("1001800a000000180008010100001234000811010008ffff", CopsErrorCode.UnknownObject, 0x1101)] // C-Num 17
    [InlineData("1001800a000000180008010100001234000800010008ffff", CopsErrorCode.UnknownObject, 0x0001)] // C-Num 0
    [InlineData("1001800a000000100008010100001234", CopsErrorCode.MandatoryObjectMissing, 0x0201)] // request without context
    [InlineData("1001800a000000100008020100080000", CopsErrorCode.MandatoryObjectMissing, 0x0101)] // request without handle
    [InlineData("1002800a0000001800080101000012340008020100080000", CopsErrorCode.MandatoryObjectMissing, 0x0601)] // decision without flags
    [InlineData("1003800a000000100008010100001234", CopsErrorCode.MandatoryObjectMissing, 0x0c01)] // report without type
    [InlineData("1006800a00000008", CopsErrorCode.MandatoryObjectMissing, 0x0b01)] // open without name
    [InlineData("1007800a00000008", CopsErrorCode.MandatoryObjectMissing, 0x0a01)] // accept without timer
    [InlineData("1008800a00000008", CopsErrorCode.MandatoryObjectMissing, 0x0801)] // close without error
    [InlineData("1001800a0000001400040101000802010008 0000", CopsErrorCode.BadHandle, 0)] // empty handle
    public void A_broken_frame_is_refused_with_its_error(string hex, CopsErrorCode code, ushort subCode)
    {
        Assert.False(CopsMessage.TryRead(VectorFile.ReadHex(hex), out _, out CopsFault fault));
        Assert.Equal(new CopsFault(code, subCode), fault);
    }

    [Fact]
    public void A_header_is_judged_before_a_buffer_is_taken_for_its_message()
    {
        var connection = new CopsConnection(CopsRole.DecisionPoint, new CopsSettings(), new CountingRandom(), TimeSpan.Zero);
        byte[] header = VectorFile.ReadHex("1006800a7ffffffc");
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> input = header;
        Assert.Equal(CopsInput.Closed, connection.Next(ref input, TimeSpan.Zero, out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.Equal(CopsCloseReason.BadFrame, connection.CloseReason);
        Assert.Equal("1008800a000000100008080100030000", Convert.ToHexStringLower(connection.Output.Pending));
    }

    [Fact]
    public void Padding_is_not_counted_in_the_length_of_a_handle_but_in_that_of_a_name()
    {
        Assert.True(CopsMessage.TryRead(VectorFile.ReadHex("1001800a00000018 0005010141000000 0008020100080000"), out CopsMessage request, out _));
        Assert.Equal("41", Convert.ToHexString(request.Handle));
        Assert.True(CopsMessage.TryRead(VectorFile.ReadHex("1006800a00000010 00080b0161626300"), out CopsMessage open, out _));
        Assert.Equal("616263", Convert.ToHexString(open.PepId));
    }
}
