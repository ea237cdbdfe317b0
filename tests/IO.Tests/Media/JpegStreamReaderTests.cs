using MediaRelay.Media.IO.Cameras;

namespace MediaRelay.IO.Tests.Media;

public sealed class JpegStreamReaderTests
{
    // SOI, APP0 whose content looks like an end marker, SOS, scan with a stuffed byte and a restart marker, EOI.
    private static readonly byte[] Picture =
    [
        0xFF, 0xD8, 0xFF, 0xE0, 0, 6, 0xFF, 0xD9, 0xFF, 0xD8, 0xFF, 0xDA, 0, 3, 1, 10, 0xFF, 0x00, 11, 0xFF, 0xD0, 12, 0xFF, 0xD9,
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10_000)]
    public async Task Pictures_are_found_whatever_stands_between_them(int pieces)
    {
        var stream = new MemoryStream();
        for (var i = 0; i < 5; i++)
        {
            stream.Write("--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: 9999\r\n\r\n"u8);
            stream.Write(Picture);
        }
        stream.Position = 0;
        var reader = new JpegStreamReader(new Slow(stream, pieces));
        for (var i = 0; i < 5; i++) Assert.Equal(Picture, (await reader.ReadAsync(default)).ToArray());
        Assert.True((await reader.ReadAsync(default)).IsEmpty);
    }

    [Fact]
    public void Every_truncation_asks_for_more_and_noise_never_throws()
    {
        for (var cut = 0; cut < Picture.Length; cut++) Assert.False(JpegStreamReader.TryMeasure(Picture.AsSpan(0, cut), out _));
        Assert.True(JpegStreamReader.TryMeasure(Picture, out var length));
        Assert.Equal(Picture.Length, length);
        var random = new Random(1);
        var found = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var noise = (byte[])Picture.Clone();
            for (var n = random.Next(1, 5); n > 0; n--) noise[random.Next(noise.Length)] = (byte)random.Next(256);
            if (JpegStreamReader.TryMeasure(noise, out length))
            {
                Assert.InRange(length, 4, noise.Length);
                found++;
            }
        }
        Assert.True(found > 1000);
    }

    private sealed class Slow(Stream inner, int most) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, most));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer[..Math.Min(buffer.Length, most)], cancellationToken);

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
