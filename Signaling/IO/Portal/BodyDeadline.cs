using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// A request's body has to be there within 15 seconds in all, however steadily it drips: the least rate alone would let a body of the largest size
/// take a quarter of an hour. The answer may take longer.
/// </summary>
internal sealed class BodyDeadline(TimeProvider time)
{
    /// <summary>Time for a whole body.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(15);

    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        await using var body = new TimedBody(context.Request.Body, time);
        context.Request.Body = body;
        await next(context).ConfigureAwait(false);
    }

    /// <summary>Reads until the deadline; the first read starts nothing, the request did.</summary>
    private sealed class TimedBody(Stream inner, TimeProvider time) : Stream
    {
        private readonly CancellationTokenSource _deadline = new(s_longest, time);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _deadline.Token);
            try
            {
                return await inner.ReadAsync(buffer, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new BadHttpRequestException("The body did not come in time.", StatusCodes.Status408RequestTimeout);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Bodies are read asynchronously.");

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _deadline.Dispose();
            base.Dispose(disposing);
        }
    }
}
