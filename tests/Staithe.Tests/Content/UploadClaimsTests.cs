using Staithe.Content;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Content;

/// <summary>One request at a time writes to an upload: who is refused, who waits, and who has to give way.</summary>
public sealed class UploadClaimsTests
{
    readonly Clock clock = new();
    readonly UploadClaims claims;
    readonly UploadId id = UploadId.Create();

    public UploadClaimsTests() => claims = new UploadClaims(clock);

    [Fact]
    public async Task Beside_one_that_is_receiving_nobody_writes()
    {
        using (var first = await TakeAsync())
        {
            clock.Now += TimeSpan.FromSeconds(1.9);
            first.Progress();
            clock.Now += TimeSpan.FromSeconds(1.9);
            Assert.Equal(OciError.RangeInvalid, (await Assert.ThrowsAsync<OciException>(TakeAsync)).Error);
            Assert.False(first.Token.IsCancellationRequested);
        }
        using var next = await TakeAsync();
        Assert.Equal([id.Value], claims.List());
    }

    [Fact]
    public async Task What_came_in_whole_is_kept_before_the_next_one_writes()
    {
        var first = await TakeAsync();
        first.NothingMoreComes();
        var second = TakeAsync();
        Assert.False(second.IsCompleted || first.Token.IsCancellationRequested);
        Assert.Equal(OciError.RangeInvalid, (await Assert.ThrowsAsync<OciException>(TakeAsync)).Error);

        first.Dispose();
        using var writes = await second;
        await Assert.ThrowsAsync<OciException>(TakeAsync);
    }

    [Theory, InlineData(false, 2), InlineData(true, 0)]
    public async Task One_that_no_longer_receives_gives_way_and_so_does_anyone_when_the_upload_is_to_end(bool force, int idleSeconds)
    {
        var first = await TakeAsync();
        clock.Now += TimeSpan.FromSeconds(idleSeconds);
        var second = claims.TakeAsync(id, force, TestContext.Current.CancellationToken);
        Assert.True(first.Token.IsCancellationRequested);
        Assert.False(second.IsCompleted);
        first.Dispose();
        using var taken = await second;
        Assert.False(taken.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task Nobody_slips_in_before_the_one_that_ends_the_upload()
    {
        var writes = await TakeAsync();
        var ends = claims.TakeAsync(id, force: true, TestContext.Current.CancellationToken);
        var comesBack = TakeAsync();
        writes.Dispose();
        var ending = await ends;
        Assert.False(comesBack.IsCompleted || ending.Token.IsCancellationRequested);
        ending.Dispose();
        using var next = await comesBack;
    }

    [Fact]
    public async Task One_in_line_gives_way_too_and_the_one_that_writes_is_still_waited_for()
    {
        var first = await TakeAsync();
        first.NothingMoreComes();
        var second = TakeAsync();
        var ends = claims.TakeAsync(id, force: true, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<TaskCanceledException>(() => second);
        Assert.False(ends.IsCompleted);
        first.Dispose();
        using var ending = await ends;
    }

    [Fact]
    public async Task One_that_gives_up_waiting_leaves_the_upload_to_the_others()
    {
        var first = await TakeAsync();
        first.NothingMoreComes();
        using var patience = new CancellationTokenSource();
        var second = claims.TakeAsync(id, false, patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => second);
        var third = TakeAsync();
        Assert.False(third.IsCompleted);
        first.Dispose();
        (await third).Dispose();
        Assert.Empty(claims.List());
    }

    Task<UploadClaims.Claim> TakeAsync() => claims.TakeAsync(id, force: false, TestContext.Current.CancellationToken);
}
