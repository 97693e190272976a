using System.IO.Pipelines;

namespace Staithe.Transport;

/// <summary>
/// The body of a request as it comes in: each piece arrives on a thread of the pool, and a client that sends nothing for the stall time has
/// broken off, however much it sent before.
/// </summary>
internal sealed class RequestBody(HttpContext http, TimeSpan stall) : PipeReader
{
    readonly PipeReader body = http.Request.BodyReader;
    readonly ConnectionSeat? seat = ConnectionSeat.Of(http);

    /// <exception cref="BadHttpRequestException">408: the client has stalled.</exception>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        TryRead(out var result) ? new ValueTask<ReadResult>(result) : WaitAsync(cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        if (!body.TryRead(out result))
            return false;
        seat?.Moved();
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => body.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => body.AdvanceTo(consumed, examined);

    public override void CancelPendingRead() => body.CancelPendingRead();

    public override void Complete(Exception? exception = null) => body.Complete(exception);

    async ValueTask<ReadResult> WaitAsync(CancellationToken cancel)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        wait.CancelAfter(stall);
        try
        {
            var result = await body.ReadAsync(wait.Token);
            seat?.Moved();
            return result;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new BadHttpRequestException("the body stopped coming", StatusCodes.Status408RequestTimeout);
        }
        finally
        {
            await WorkerThread.SwitchAsync();
        }
    }
}
