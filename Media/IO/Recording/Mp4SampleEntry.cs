namespace MediaRelay.Media.IO.Recording;

/// <summary>The stsd box of each codec.</summary>
internal static class Mp4SampleEntry
{
    public static void Write(Mp4Boxes boxes, Mp4Track track)
    {
        var list = boxes.Begin("stsd", 0, 0);
        boxes.U32(1);
        switch (track.Codec)
        {
            case Mp4Codec.H264: WriteAvc(boxes, track); break;
            case Mp4Codec.Opus: WriteOpus(boxes, track); break;
            case Mp4Codec.Aac: WriteAac(boxes, track); break;
            default: WriteG711(boxes, track); break;
        }
        boxes.End(list);
    }

    // ISO/IEC 14496-15 section 5.3.3: AVCDecoderConfigurationRecord.
    private static void WriteAvc(Mp4Boxes boxes, Mp4Track track)
    {
        var entry = boxes.Begin("avc1");
        boxes.Zero(6);
        boxes.U16(1);
        boxes.Zero(16);
        boxes.U16(track.Width);
        boxes.U16(track.Height);
        boxes.U32(0x00480000);
        boxes.U32(0x00480000);
        boxes.U32(0);
        boxes.U16(1);
        boxes.Zero(32);
        boxes.U16(24);
        boxes.U16(-1);
        var configuration = boxes.Begin("avcC");
        var sequence = track.SequenceParameterSet.Span;
        boxes.U8(1);
        boxes.Bytes(sequence.Slice(1, 3));
        boxes.U8(0xFF); // four-byte lengths
        boxes.U8(0xE1);
        boxes.U16(sequence.Length);
        boxes.Bytes(sequence);
        boxes.U8(1);
        boxes.U16(track.PictureParameterSet.Length);
        boxes.Bytes(track.PictureParameterSet.Span);
        boxes.End(configuration);
        boxes.End(entry);
    }

    // Encapsulation of Opus in ISO Base Media File Format, version 0.8.1, section 4.3.
    private static void WriteOpus(Mp4Boxes boxes, Mp4Track track)
    {
        var entry = BeginSound(boxes, "Opus", track);
        var specific = boxes.Begin("dOps");
        boxes.U8(0);
        boxes.U8(track.Channels);
        boxes.U16(312);
        boxes.U32(48000);
        boxes.U16(0);
        boxes.U8(0);
        boxes.End(specific);
        boxes.End(entry);
    }

    // ISO/IEC 14496-1 section 7.2.6: ES, decoder configuration and SL descriptors.
    private static void WriteAac(Mp4Boxes boxes, Mp4Track track)
    {
        var entry = BeginSound(boxes, "mp4a", track);
        var stream = boxes.Begin("esds", 0, 0);
        var configuration = track.AudioConfiguration.Span;
        boxes.U8(3);
        boxes.U8(23 + configuration.Length);
        boxes.U16(1);
        boxes.U8(0);
        boxes.U8(4);
        boxes.U8(15 + configuration.Length);
        boxes.U8(0x40);
        boxes.U8(0x15);
        boxes.Zero(11);
        boxes.U8(5);
        boxes.U8(configuration.Length);
        boxes.Bytes(configuration);
        boxes.U8(6);
        boxes.U8(1);
        boxes.U8(2);
        boxes.End(stream);
        boxes.End(entry);
    }

    private static void WriteG711(Mp4Boxes boxes, Mp4Track track) =>
        boxes.End(BeginSound(boxes, track.Codec == Mp4Codec.Pcmu ? "ulaw" : "alaw", track));

    private static int BeginSound(Mp4Boxes boxes, string type, Mp4Track track)
    {
        var entry = boxes.Begin(type);
        boxes.Zero(6);
        boxes.U16(1);
        boxes.Zero(8);
        boxes.U16(track.Channels);
        boxes.U16(16);
        boxes.Zero(4);
        boxes.U32((uint)track.Timescale << 16);
        return entry;
    }
}
